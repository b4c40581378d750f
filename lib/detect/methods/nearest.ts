/** Pattern method: how far the last samples are from the nearest stretch known as normal, at several window lengths. */
import type { FitContext, Method, Stream, TrainingSet } from "../types.ts";
import { fitNearest } from "./nearest/fit.ts";
import type { NearestParams } from "./nearest/params.ts";
import { NearestStream } from "./nearest/stream.ts";

export type { NearestParams } from "./nearest/params.ts";

/**
 * Left nearest neighbour over raw windows of the analog signals: a window is compared with trained windows and with those learned at least
 * one window earlier. After the left matrix profile of "DAMP: accurate, fast and memory-efficient discord discovery" (Lu et al., KDD 2022),
 * without per-window normalisation and averaged over window lengths.
 */
export const nearest: Method<NearestParams> = {
  name: "nearest",
  fit: (train: TrainingSet, _context: FitContext): NearestParams => fitNearest(train),
  stream: (p: NearestParams): Stream => new NearestStream(p),
  window: (p: NearestParams): number => p.windows[p.windows.length - 1]!,
};
