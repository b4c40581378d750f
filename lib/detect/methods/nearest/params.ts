/** What the pattern method learns, and the few numbers it is set by. */

/**
 * Window lengths [samples], a geometric series of factor 1.5. Single windows peak at 60 on the TSB-AD telemetry and fall off on both sides;
 * any four to six lengths between 27 and 200 score within .02 of each other.
 */
export const WINDOWS: readonly number[] = [27, 40, 60, 90, 135, 200];
/** A window is used if the learning period holds at least this many of it. */
export const MIN_REPEATS = 3;
/** Distances are compared with this quantile of the distances met so far. */
export const QUANTILE = 0.75;
/** Added to the quantile [learning standard deviations]: below it differences are of no interest. */
export const FLOOR = 0.05;
/** Scaled values are held within this many standard deviations, so that sums of squares stay exact enough. */
export const CLIP = 1e3;
/** A constant signal has no spread: this share of its value (or of 1, if larger) counts as one standard deviation. */
export const CONSTANT_SPREAD = 0.1;
/** Rows a library may hold at most, and the arithmetic allowed per sample [channel-rows]: rows <= WORK / (channels + 12). */
export const MAX_ROWS = 3072;
export const WORK = 150_000;
/** Share of the library that trained rows may fill; the rest is a ring for what is learned while running. */
export const TRAINED_SHARE = 0.7;
/** A refused stretch longer than this many longest windows is a new normal and is learned after all. */
export const PATIENCE = 4;

export interface NearestParams {
  /** Number of signals of a sample, and which of them are compared. */
  readonly signals: number;
  readonly columns: Int32Array;
  /** Per compared signal: z = clip((x - center) / scale). */
  readonly center: Float64Array;
  readonly scale: Float64Array;
  readonly windows: Int32Array;
  /** Library rows as learned, scaled, channel by channel: `library[c * rows + j]`. */
  readonly library: Float64Array;
  readonly rows: number;
  /** Length of the contiguous run that ends at each library row: a window of w may end at row j if `run[j] > w`. */
  readonly run: Int32Array;
  /** Per window length: the `QUANTILE` of the root-mean-square distances within the learning rows. */
  readonly quantiles: Float64Array;
  /** Per window length: histogram of these distances, where the running quantile goes on from. */
  readonly histograms: Float64Array;
  readonly floor: number;
  /** Rows that may be learned on top while running; 0 switches adaptation off. */
  readonly capacity: number;
}
