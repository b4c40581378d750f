/** Where the rows of a dataset come from, one at a time. */
import type { Sentence } from "../signals/sentences.ts";
import type { SignalSpec } from "../signals/types.ts";
import type { Label } from "./labels.ts";

export interface RowSource {
  readonly signals: readonly SignalSpec[];
  /** No more rows than this will come. */
  readonly most: number;
  /** Writes the next row (NaN = no value) and sets `timeMs` and `label`; false at the end. Throws coded errors that name the row. */
  next(out: Float64Array): boolean;
  readonly timeMs: number;
  readonly label: Label;
  /** What was noticed, complete at the end. */
  notes(): readonly Sentence[];
}
