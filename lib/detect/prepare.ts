/** From what was recorded to what can be learned: excluded and labelled samples out, short gaps filled, kinds of signals told apart. */
import type { LearnedHealth } from "../signals/types.ts";
import { MIN_ROWS, type FitJob } from "./settings.ts";
import { analogColumns, classifySignals, type SignalClass, type SignalKind as LearnedVariation } from "./split.ts";
import { FitError, type Matrix, type TrainingSet } from "./types.ts";

/** A missing value is filled with the last good one for at most this many samples; then the sample is not learned. */
const HOLD = 5;
/** A signal that is missing more often than this cannot be learned. */
const MOST_MISSING = 0.5;

export type LearnedKind = LearnedVariation | "ignore";

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

/** The recording without what may not be learned: NaN there. */
export function usable(job: FitJob, { x, times }: Recording): Matrix {
  const use = usableRows(job, times);
  if (!use.includes(0)) return x;
  const data = x.data.slice();
  for (let r = 0; r < x.rows; r++) if (use[r] === 0) data.fill(NaN, r * x.cols, (r + 1) * x.cols);
  return { ...x, data };
}

export function prepare(job: FitJob, recording: Recording, health: LearnedHealth): Prepared {
  const { x, times } = recording;
  const use = usableRows(job, times);
  const classes = classesOf(job, x, use);
  const kinds = classes.map((c) => c?.kind ?? "ignore");
  const present = classes.flatMap((c, i) => (c ? [{ i, c }] : []));
  // one signal that stands still can be learned: its first change is news. Several that all do are no plant
  if (present.length !== 1 && !present.some(({ c }) => c.kind !== "constant"))
    throw new FitError("no signal varies during the learning period", "学习期间没有任何信号变化");
  const columns = analogColumns(present.map(({ c }) => c)).map((k) => present[k]!.i);
  const n = columns.length;
  const data = new Float64Array(x.rows * n);
  const kept = new Float64Array(x.rows);
  const starts: number[] = [];
  const held = new Float64Array(n).fill(NaN);
  const age = new Int32Array(n);
  let rows = 0;
  let broken = true;
  for (let r = 0; r < x.rows; r++) {
    const elapsed = r > 0 ? times[r]! - times[r - 1]! : 0;
    const late = elapsed < 0 || (health.lateMs > 0 && elapsed > health.lateMs);
    if (late) {
      broken = true;
      held.fill(NaN);
    }
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
  if (rows < MIN_ROWS) throw new FitError(`${rows} usable samples, at least ${MIN_ROWS} are needed`, `只有 ${rows} 个可用样本，至少需要 ${MIN_ROWS} 个`);
  return { train: { x: { rows, cols: n, data: data.slice(0, rows * n) }, starts }, kinds, columns, times: kept.slice(0, rows) };
}

/** What each signal turned out to be; null = left out. What the engineer declared wins. */
function classesOf(job: FitJob, x: Matrix, use: Uint8Array): (SignalClass | null)[] {
  return job.signals.map((signal, i) => {
    if (signal.kind === "ignore") return null;
    const values: number[] = [];
    let rows = 0;
    for (let r = 0; r < x.rows; r++) {
      if (use[r] === 0) continue;
      rows++;
      const v = x.data[r * x.cols + i]!;
      if (Number.isFinite(v)) values.push(v);
    }
    if (values.length === 0 || rows - values.length > MOST_MISSING * rows) return null;
    const [learned] = classifySignals({ rows: values.length, cols: 1, data: Float64Array.from(values) });
    return signal.kind === "auto" || learned!.kind === "constant" ? learned! : { ...learned!, kind: signal.kind };
  });
}
