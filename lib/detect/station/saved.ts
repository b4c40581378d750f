/** The streaming state as it is kept on disk. */
import type { SignalSpec } from "../../signals/types.ts";
import type { Detector, DetectorState } from "../detector.ts";
import type { SampleChunk } from "../buffer.ts";
import type { Keepsake } from "./keeper.ts";
import type { OpenAlarm } from "./teller.ts";

/** What the station adds to the detector's own state. */
export interface Saved {
  readonly signals: readonly SignalSpec[];
  /** SHA-256 of the model in use; "" = none. */
  readonly sha256: string;
  /** Learning anew on purpose (after `reset`): the active model of the store is not used. */
  readonly anew: boolean;
  /** Why no training is started: a candidate (its version) waits, or training was cancelled or is only wanted by command. */
  readonly hold: number | "cancelled" | null;
  /** The open alarm whose start was told. */
  readonly alarm: OpenAlarm | null;
}

interface Whole extends Saved {
  readonly detector: Omit<DetectorState, "buffer">;
}

export function keepsake(detector: Detector, saved: Saved): Keepsake {
  const { buffer, ...rest } = detector.save();
  return { value: { ...saved, detector: rest } satisfies Whole, chunks: buffer.chunks };
}

/** Back from what `Keeper.load` gives. */
export function restored(value: unknown, chunks: readonly SampleChunk[]): { saved: Saved; state: DetectorState } {
  const { detector, ...saved } = value as Whole;
  return { saved, state: { ...detector, buffer: { chunks } } };
}
