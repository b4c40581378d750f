/** Learns the library, the scales and the quantiles of the pattern method. */
import { FitError, type TrainingSet } from "../../types.ts";
import { Library } from "./library.ts";
import { CLIP, CONSTANT_SPREAD, FLOOR, MAX_ROWS, MIN_REPEATS, type NearestParams, QUANTILE, TRAINED_SHARE, WINDOWS, WORK } from "./params.ts";
import { BINS, RunningQuantile } from "./quantile.ts";

/** Learning rows beyond this many library lengths are left aside, the oldest first: the fit is quadratic in them. */
const MAX_FIT = 3;

/** `adapt` false: the fitted library is all the method will ever know. */
export function fitNearest(train: TrainingSet, adapt = true): NearestParams {
  const { x } = train;
  if (x.rows < 10) throw new FitError(`nearest needs at least 10 samples, got ${x.rows}`, `nearest 至少需要 10 个样本，实际为 ${x.rows}`);
  const columns = Int32Array.from({ length: x.cols }, (_, c) => c); // which signals are worth comparing was decided before
  if (columns.length === 0) throw new FitError("nearest needs at least one signal", "nearest 至少需要一个信号");
  const channels = columns.length;
  const budget = Math.min(MAX_ROWS, Math.floor(WORK / (channels + 12)));
  const { center, scale } = spread(train, columns);
  const first = Math.max(0, x.rows - MAX_FIT * budget);
  const n = x.rows - first;
  const z = new Float64Array(channels * n);
  for (let c = 0; c < channels; c++) for (let r = 0; r < n; r++) z[c * n + r] = scaled(x.data[(first + r) * x.cols + columns[c]!]!, center[c]!, scale[c]!);
  const starts = new Set(train.starts.map((s) => s - first));
  const run = new Int32Array(n);
  for (let r = 0; r < n; r++) run[r] = r === 0 || starts.has(r) ? 1 : run[r - 1]! + 1;
  const windows = windowLengths(
    n,
    run.reduce((a, b) => Math.max(a, b), 0),
  );
  const { quantiles, histograms, novelty } = selfDistances(channels, windows, z, run);
  const room = Math.floor(TRAINED_SHARE * budget);
  const kept = n <= room ? range(n) : select(novelty, room, 2 * windows[windows.length - 1]!);
  const rows = kept.length;
  const library = new Float64Array(channels * rows);
  for (let c = 0; c < channels; c++) for (let j = 0; j < rows; j++) library[c * rows + j] = z[c * n + kept[j]!]!;
  const keptRun = new Int32Array(rows);
  for (let j = 0; j < rows; j++) keptRun[j] = j > 0 && kept[j]! === kept[j - 1]! + 1 && run[kept[j]!]! > 1 ? keptRun[j - 1]! + 1 : 1;
  return {
    signals: x.cols,
    columns,
    center,
    scale,
    windows,
    library,
    rows,
    run: keptRun,
    quantiles,
    histograms,
    floor: FLOOR,
    capacity: adapt ? budget - rows : 0,
  };
}

/** Those of `WINDOWS` that fit the learning rows and their longest contiguous run; for very few rows one short window. */
function windowLengths(rows: number, longest: number): Int32Array {
  if (longest < 3) throw new FitError("nearest needs at least 3 samples without a gap between them", "nearest 至少需要 3 个连续无间断的样本");
  const fitting = WINDOWS.filter((w) => w * MIN_REPEATS <= rows && w < longest);
  return Int32Array.from(fitting.length > 0 ? fitting : [Math.max(2, Math.floor(Math.min(rows, longest) / (MIN_REPEATS + 1)))]);
}

export function scaled(v: number, center: number, scale: number): number {
  return Math.max(-CLIP, Math.min(CLIP, (v - center) / scale));
}

/** Mean and standard deviation of the compared columns over all learning rows. */
function spread({ x }: TrainingSet, columns: Int32Array): { center: Float64Array; scale: Float64Array } {
  const center = new Float64Array(columns.length);
  const scale = new Float64Array(columns.length);
  columns.forEach((column, c) => {
    const base = x.data[column]!; // subtracted first, so that a huge offset costs no digits
    let mean = 0;
    for (let r = 0; r < x.rows; r++) mean += (x.data[r * x.cols + column]! - base) / x.rows;
    let variance = 0;
    for (let r = 0; r < x.rows; r++) variance += (x.data[r * x.cols + column]! - base - mean) ** 2 / x.rows;
    const std = Math.sqrt(variance);
    if (!(std < Infinity))
      throw new FitError("a signal's values are not finite or too far apart to have a variance", "某个信号的数值不是有限数，或相差过大，无法计算方差");
    center[c] = base + mean;
    scale[c] = std > 1e-14 * Math.abs(base + mean) && std > 0 ? std : CONSTANT_SPREAD * Math.max(1, Math.abs(base + mean));
  });
  return { center, scale };
}

/** Each learning window against the windows that ended at least w rows before it: quantiles, histograms, and the mean log distance per row. */
function selfDistances(channels: number, windows: Int32Array, z: Float64Array, run: Int32Array) {
  const n = run.length;
  const library = new Library(channels, windows, z, run, 0);
  const histograms = new Float64Array(windows.length * BINS);
  const quantile = Array.from(windows, (_, k) => new RunningQuantile(QUANTILE, histograms.subarray(k * BINS, (k + 1) * BINS)));
  const novelty = new Float64Array(n).fill(Infinity); // nothing like it was known
  const row = new Float64Array(channels);
  for (let r = 0; r < n; r++) {
    for (let c = 0; c < channels; c++) row[c] = z[c * n + r]!;
    if (run[r] === 1) library.restart();
    library.push(row, r);
    let sum = 0;
    let found = 0;
    for (let k = 0; k < windows.length; k++) {
      const d = library.best[k]!;
      if (d < 0) continue;
      if (r >= 2 * windows[k]!) quantile[k]!.add(d);
      sum += Math.log(d + FLOOR);
      found++;
    }
    if (found === windows.length) novelty[r] = sum / found;
  }
  return { quantiles: Float64Array.from(quantile, (q) => q.value()), histograms, novelty };
}

/** The `budget` rows most worth keeping, in time order: whole segments, those first whose windows had no like before them. */
function select(novelty: Float64Array, budget: number, segment: number): number[] {
  const count = Math.ceil(novelty.length / segment);
  const worth = range(count).map((s) => novelty.subarray(s * segment, (s + 1) * segment).reduce((a, b) => Math.max(a, b), -Infinity));
  const order = range(count).sort((a, b) => (worth[b] === worth[a] ? b - a : worth[b]! - worth[a]!));
  const chosen = order.slice(0, Math.max(1, Math.floor(budget / segment))).sort((a, b) => a - b);
  return chosen.flatMap((s) => range(Math.min(segment, novelty.length - s * segment)).map((i) => s * segment + i));
}

function range(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i);
}
