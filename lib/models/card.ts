/**
 * The model card: what a model is, what it was trained on and what it is not good for (after Mitchell et al., "Model Cards for Model Reporting", 2019).
 * It is the metadata of the model file, one entry per field, so that every ONNX viewer shows it.
 */
import type { Bilingual } from "../errors.ts";
import type { SignalSpec } from "../signals/types.ts";

export interface ModelCard {
  readonly task: string;
  /** In the order of the input's columns; `kind` as it was learned. */
  readonly signals: readonly (Omit<SignalSpec, "kind"> & { readonly kind: string })[];
  readonly window: { readonly samples: number; readonly periodMs: number };
  readonly inputs: Readonly<Record<string, string>>;
  readonly outputs: Readonly<Record<string, string>>;
  readonly method: string;
  /** Why this method. */
  readonly why: string | Bilingual;
  /** The limit, the wanted false alarms and confidence, and the fit behind them. */
  readonly calibration: Readonly<Record<string, number>>;
  /** What was measured on held-out data. */
  readonly metrics: Readonly<Record<string, unknown>>;
  readonly training: {
    readonly samples: number;
    /** ISO 8601; null when the data had no clock. */
    readonly from: string | null;
    readonly to: string | null;
    /** SHA-256 of the samples (float64, little-endian, row by row), hex. */
    readonly sha256: string;
    readonly seed: number;
  };
  readonly limitsOfUse: { readonly en: readonly string[]; readonly zh: readonly string[] };
  readonly licence: string;
  /** ISO 8601. */
  readonly created: string;
  /** Package and version. */
  readonly producer: string;
}

const PREFIX = "card.";

/** Entries of `metadata_props`: plain text as it is, all else as JSON. */
export function cardToMetadata(card: ModelCard): Record<string, string> {
  return Object.fromEntries(Object.entries(card).map(([key, value]) => [PREFIX + key, typeof value === "string" ? value : JSON.stringify(value)]));
}

/** The card's fields as they are in the file; undefined when there is no card (a model from elsewhere). */
export function readCard(metadata: Readonly<Record<string, string>>): Readonly<Record<string, unknown>> | undefined {
  const fields = Object.entries(metadata).filter(([key]) => key.startsWith(PREFIX));
  if (fields.length === 0) return undefined;
  return Object.fromEntries(fields.map(([key, text]) => [key.slice(PREFIX.length), /^[[{]/.test(text) ? jsonOrText(text) : text]));
}

function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** ISO 8601, or null for a time that is none. */
export const iso = (ms: number): string | null => (Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : null);
