/** From what was recorded to what can be learned: excluded and labelled samples out, short gaps filled, kinds of signals told apart. */
import type { LearnedHealth } from "../signals/types.ts";
import type { FitJob } from "./settings.ts";
import { splitSignals, type LearnedKind } from "./split.ts";
import { FitError, type Matrix, type TrainingSet } from "./types.ts";

/** A missing value is filled with the last good one for at most this many samples; then the sample is not learned. */
const HOLD = 5;
/** A signal that is missing more often than this cannot be learned. */
const MOST_MISSING = 0.5;
/** Fewest samples a fit is tried with. */
export const MIN_ROWS = 30;

export interface Recording {
  /** [rows, signals], NaN where missing. */
  readonly x: Matrix;
  readonly times: Float64Array;
}

export interface Prepared {
  /** The columns that the methods see. */
  readonly train: TrainingSet;
  readonly kinds: readonly LearnedKind[];
  readonly columns: readonly number[];
  /** Time stamps of the rows of `train`. */
  readonly times: Float64Array;
}

/** Puts the chunks of a job together. */
export function join(job: FitJob): Recording {
  const cols = job.signals.length;
  const rows = job.chunks.reduce((sum, c) => sum + c.times.length, 0);
  const data = new Float64Array(rows * cols);
  const times = new Float64Array(rows);
  let at = 0;
  for (const c of job.chunks) {
    data.set(c.rows, at * cols);
    times.set(c.times, at);
    at += c.times.length;
  }
  return { x: { rows, cols, data }, times };
}

/** Which rows may be learned: neither labelled nor excluded. */
export function usableRows(job: FitJob, times: Float64Array): Uint8Array {
  const use = new Uint8Array(times.length).fill(1);
  for (let r = 0; r < times.length; r++) {
    const t = times[r]!;
    if (job.label?.[r] === 1 || job.exclude.some(([from, to]) => t >= from && t <= to)) use[r] = 0;
  }
  return use;
}

export function prepare(job: FitJob, recording: Recording, health: LearnedHealth): Prepared {
  const { x, times } = recording;
  const use = usableRows(job, times);
  const kinds = kindsOf(job, x, use);
  let columns = kinds.flatMap((k, i) => (k === "analog" ? [i] : []));
  // with nothing analog the discrete signals are all there is
  if (columns.length === 0) columns = kinds.flatMap((k, i) => (k === "discrete" ? [i] : []));
  if (columns.length === 0) throw new FitError("no signal varies during the learning period");
  const n = columns.length;
  const data = new Float64Array(x.rows * n);
  const kept = new Float64Array(x.rows);
  const starts: number[] = [];
  const held = new Float64Array(n).fill(NaN);
  const age = new Int32Array(n);
  let rows = 0;
  let broken = true;
  for (let r = 0; r < x.rows; r++) {
    const late = r > 0 && health.lateMs > 0 && times[r]! - times[r - 1]! > health.lateMs;
    if (late) broken = true;
    let complete = use[r] === 1;
    for (let c = 0; c < n && complete; c++) {
      const v = x.data[r * x.cols + columns[c]!]!;
      if (Number.isFinite(v)) {
        held[c] = v;
        age[c] = 0;
      } else complete = ++age[c]! <= HOLD && !Number.isNaN(held[c]!);
      data[rows * n + c] = held[c]!;
    }
    if (!complete) {
      broken = true;
      held.fill(NaN);
      continue;
    }
    if (broken) starts.push(rows);
    broken = false;
    kept[rows++] = times[r]!;
  }
  if (rows < MIN_ROWS) throw new FitError(`${rows} usable samples, at least ${MIN_ROWS} are needed`);
  return { train: { x: { rows, cols: n, data: data.slice(0, rows * n) }, starts }, kinds, columns, times: kept.slice(0, rows) };
}

function kindsOf(job: FitJob, x: Matrix, use: Uint8Array): LearnedKind[] {
  const learned = splitSignals(x, use);
  return job.signals.map((s, i) => {
    if (s.kind === "ignore") return "ignore";
    let missing = 0;
    let rows = 0;
    for (let r = 0; r < x.rows; r++) {
      if (use[r] === 0) continue;
      rows++;
      if (!Number.isFinite(x.data[r * x.cols + i]!)) missing++;
    }
    if (missing > MOST_MISSING * rows) return "ignore";
    return s.kind === "auto" ? learned[i]! : s.kind;
  });
}
