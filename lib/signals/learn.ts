/** What is normal for each signal and the clock, learned from a stretch of data. Sorts every signal: run it in the training process. */
import { temperatureScale } from "./units.ts";
import type { LearnedHealth, LearnedSignal, SignalSet, SignalSpec } from "./types.ts";

/** Row-major `data[r * cols + c]`, NaN = no value. */
interface Table {
  readonly rows: number;
  readonly cols: number;
  readonly data: Float64Array;
}

const FEW_VALUES = 10; // up to so many different values a signal is taken for discrete
const ENOUGH = 50; // finite values below which nothing is learned
const SCALE_RUN = 8; // consecutive samples to suspect a factor of 10 or more
const DEGREES_RUN = 30; // and for degC/degF, whose spreads differ by 1.8 only
const LONGEST_SCALE_RUN = 600;

/**
 * Learns from `x` (time order, columns in the order of `set.signals`) and `times` (ms, NaN = none; absent = no clock). Runs and steps do not
 * reach over a gap. Rows with faults in them widen what is called normal, so leave known faults out.
 */
export function learnHealth(x: Table, times: Float64Array | undefined, set: SignalSet): LearnedHealth {
  const clock = learnClock(times, set.periodMs);
  const follows = new Uint8Array(x.rows); // 1 = the row is the next sample after the one before
  for (let r = 1; r < x.rows; r++) {
    const elapsed = times ? times[r]! - times[r - 1]! : NaN;
    follows[r] = elapsed < 0 || (clock.lateMs > 0 && elapsed > clock.lateMs) ? 0 : 1;
  }
  return { ...clock, signals: set.signals.map((spec, c) => learnSignal(x, c, follows, spec)) };
}

function learnClock(times: Float64Array | undefined, expected: number): Omit<LearnedHealth, "signals"> {
  const steps: number[] = [];
  let equal = 0;
  for (let r = 1; r < (times?.length ?? 0); r++) {
    const elapsed = times![r]! - times![r - 1]!;
    if (elapsed > 0) steps.push(elapsed);
    else if (elapsed === 0) equal++;
  }
  const sorted = Float64Array.from(steps).sort();
  if (sorted.length < 10) return { periodMs: expected, lateMs: expected * 3, coarseClock: false };
  const coarseClock = equal > 0.2 * (equal + sorted.length);
  const periodMs = expected > 0 ? expected : quantile(sorted, 0.5);
  // irregular data (report by exception) has long pauses by nature: twice its 99 % pause is still normal
  return { periodMs, lateMs: Math.max(3 * periodMs, 2 * quantile(sorted, 0.99)), coarseClock };
}

function learnSignal({ rows, cols, data }: Table, c: number, follows: Uint8Array, spec: SignalSpec): LearnedSignal {
  const values = new Float64Array(rows);
  const steps = new Float64Array(rows);
  let count = 0;
  let moved = 0;
  let compared = 0;
  let run = 0;
  let longestRun = 0;
  let before = NaN;
  for (let r = 0; r < rows; r++) {
    const value = data[r * cols + c]!;
    if (follows[r] === 0) before = NaN;
    if (!Number.isFinite(value)) continue;
    values[count++] = value;
    run = value === before ? run + 1 : 1;
    if (run > longestRun) longestRun = run;
    if (!Number.isNaN(before)) {
      steps[compared++] = Math.abs(value - before);
      if (value !== before) moved++;
    }
    before = value;
  }
  const sorted = values.subarray(0, count).sort();
  const distinct = countDistinct(sorted);
  const discrete = spec.kind === "discrete" || (spec.kind === "auto" && distinct <= FEW_VALUES);
  const stepCap = clip(steps.subarray(0, compared).sort(), moved);
  const median = quantile(sorted, 0.5);
  const spread = (quantile(sorted, 0.84) - quantile(sorted, 0.16)) / 2;
  const changes = compared > 0 ? moved / compared : 0;
  // a coarse reading far from 0, such as 3.9, 4.0 or 4.1 bar, has few values too
  const coarse = count >= ENOUGH && spec.kind === "auto" && distinct > 2 && Math.abs(median) > 4 * Math.max(spread, stepCap);
  const judged = count >= ENOUGH && !discrete && spec.kind !== "ignore";
  return {
    count,
    min: sorted[0] ?? NaN,
    max: sorted[count - 1] ?? NaN,
    median,
    spread,
    step: meanClipped(steps.subarray(0, compared), stepCap),
    stepCap,
    changes,
    longestRun,
    // the longest of n runs grows with log n, so three times the longest learned one is beyond weeks of normal data; a signal that rested for
    // a fifth of the time may rest for any time
    stuckAfter: judged && longestRun * 5 <= count ? 3 * longestRun + 10 : 0,
    scaleAfter: (judged || coarse) && stepCap > 0 ? scaleRun(changes, spec.unit) : 0,
  };
}

/** Enough samples to hold about ten steps that are not 0: fewer say nothing about the spread. */
function scaleRun(changes: number, unit: string): number {
  const least = temperatureScale(unit) === undefined ? SCALE_RUN : DEGREES_RUN;
  const samples = Math.max(least, Math.ceil(10 / changes));
  return samples <= LONGEST_SCALE_RUN ? samples : 0;
}

/** The 95 % step; of a signal that rests most of the time, the 95 % of the steps that are not 0. */
function clip(sorted: Float64Array, moved: number): number {
  return moved === 0 ? 0 : quantile(sorted.subarray(sorted.length - moved), 0.95);
}

function meanClipped(values: Float64Array, cap: number): number {
  let sum = 0;
  for (const value of values) sum += Math.min(value, cap);
  return values.length > 0 ? sum / values.length : 0;
}

function quantile(sorted: Float64Array, q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? NaN;
}

/** Different values of a sorted array, counted up to one more than matters. */
function countDistinct(sorted: Float64Array): number {
  let distinct = 0;
  for (let i = 0; i < sorted.length && distinct <= FEW_VALUES; i++) if (i === 0 || sorted[i] !== sorted[i - 1]) distinct++;
  return distinct;
}
