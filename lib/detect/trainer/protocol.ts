/** What the trainer and its child process say to each other (structured clone: typed arrays go as they are). */
import type { Bilingual, Detail, ErrorCode } from "../../errors.ts";
import type { FitJob } from "../settings.ts";

/** `always`, never (`manual`), or only when what the new version learns is no worse than the active one on samples that were held out for the comparison (`better`). */
export type Promotion = "always" | "better" | "manual";

/** Bytes of one message between the processes at most, so that neither thread is held by copying. */
export const PART = 256 * 1024;

export type ToChild =
  | { readonly type: "chunk"; readonly rows: Float64Array; readonly times: Float64Array }
  | {
      readonly type: "fit";
      readonly job: Omit<FitJob, "chunks">;
      /** Folder of the model store, and the model's name in it. */
      readonly root: string;
      readonly model: string;
      readonly promotion: Promotion;
    };

/** What became of a training run. */
export interface Trained {
  readonly version: number;
  readonly sha256: string;
  readonly promoted: boolean;
  /** One sentence: why it was, or was not, promoted; null when there is nothing to say. */
  readonly verdict: Bilingual | null;
}

export type FromChild =
  | { readonly type: "ready" }
  | { readonly type: "progress"; readonly share: number; readonly what: string }
  /** A part of the packed warm state, in order. */
  | { readonly type: "warm"; readonly bytes: Uint8Array }
  | { readonly type: "done"; readonly trained: Trained }
  | { readonly type: "failed"; readonly code: ErrorCode; readonly details: Readonly<Record<string, Detail>> };
