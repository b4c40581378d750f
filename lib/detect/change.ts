/**
 * Change points: a lasting shift of a signal's level, told apart from an anomaly (which may be a level the machine already
 * returned from). Two-sided cumulative sum (Page 1954) of block means against a slowly following baseline.
 */
import type { ChangeModel } from "./model.ts";
import type { TrainingSet } from "./types.ts";

/** Deviations by which a block mean must differ before it counts (half the shift that is wanted to be seen). */
const SLACK = 1;
/** The baseline follows with this weight per block. */
const FOLLOW = 1 / 40;
/** and by no more than if the block had differed by so many deviations. */
const OUTLIER = 3;
/** Limit = this times the highest sum on normal data, and never below FLOOR. */
const MARGIN = 1.5;
const FLOOR = 10;
const BLOCKS = 60;
/** Blocks that the baseline is averaged over before anything is judged. */
const SETTLE = 15;

export interface LevelChange {
  /** Column of the signal. */
  readonly column: number;
  readonly before: number;
  readonly after: number;
}

export interface ChangeState {
  base: Float64Array;
  up: Float64Array;
  down: Float64Array;
  sum: Float64Array;
  filled: number;
  /** Blocks since the baseline was started, per signal, up to SETTLE. */
  age: Float64Array;
}

export class ChangeDetector {
  private readonly model: ChangeModel;
  private readonly n: number;
  private s: ChangeState;

  constructor(model: ChangeModel) {
    this.model = model;
    this.n = model.mean.length;
    this.s = this.fresh();
  }

  private fresh(): ChangeState {
    const z = (): Float64Array => new Float64Array(this.n);
    return { base: this.model.mean.slice(), up: z(), down: z(), sum: z(), filled: 0, age: z() };
  }

  /** Highest cumulative sum now, in deviations (for fitting the limit). */
  get height(): number {
    let h = 0;
    for (let i = 0; i < this.n; i++) h = Math.max(h, this.s.up[i]!, this.s.down[i]!);
    return h;
  }

  /** Advances by the sample `x` [n] (complete, raw units). Returns the signals whose level changed, or null; at most once a block. */
  push(x: Float64Array): LevelChange[] | null {
    const { s, n } = this;
    for (let i = 0; i < n; i++) s.sum[i]! += x[i]!;
    if (++s.filled < this.model.block) return null;
    s.filled = 0;
    let changed: LevelChange[] | null = null;
    for (let i = 0; i < n; i++) {
      const mean = s.sum[i]! / this.model.block;
      s.sum[i] = 0;
      if (s.age[i]! < SETTLE) {
        s.base[i]! += (mean - s.base[i]!) / ++s.age[i]!; // starts from where the machine is: the mean of the first blocks
        continue;
      }
      const d = (mean - s.base[i]!) / this.model.deviation[i]!;
      // S+ = max(0, S+ + d - k), S- = max(0, S- - d - k); |d| is capped so that one wild block is not a lasting shift
      const step = Math.max(-this.model.limit / 2, Math.min(this.model.limit / 2, d));
      s.up[i] = Math.max(0, s.up[i]! + step - SLACK);
      s.down[i] = Math.max(0, s.down[i]! - step - SLACK);
      if (Math.max(s.up[i]!, s.down[i]!) > this.model.limit) {
        (changed ??= []).push({ column: i, before: s.base[i]!, after: mean });
        s.age[i] = 0; // and finds its new level
        s.up[i] = s.down[i] = 0;
      } else s.base[i]! += FOLLOW * Math.max(-OUTLIER, Math.min(OUTLIER, d)) * this.model.deviation[i]!;
    }
    return changed;
  }

  save(): ChangeState {
    return structuredClone(this.s);
  }

  load(state: ChangeState): void {
    this.s = structuredClone(state);
  }
}

/** Learns block length, deviations and the limit from normal data. */
export function fitChange(train: TrainingSet): ChangeModel {
  const { rows, cols: n, data } = train.x;
  const block = Math.max(5, Math.min(300, Math.round(rows / BLOCKS)));
  const mean = new Float64Array(n);
  const deviation = new Float64Array(n);
  const blocks = Math.floor(rows / block);
  for (let i = 0; i < n; i++) {
    // the deviation of successive block means from one another: sd(m_b - m_{b-1}) / sqrt(2), deaf to slow drift
    let sum = 0;
    let squares = 0;
    let previous = NaN;
    for (let b = 0; b < blocks; b++) {
      let m = 0;
      for (let r = b * block; r < (b + 1) * block; r++) m += data[r * n + i]! / block;
      sum += m;
      if (b > 0) squares += (m - previous) ** 2;
      previous = m;
    }
    mean[i] = blocks > 0 ? sum / blocks : data[i]!;
    const d = Math.sqrt(squares / Math.max(1, 2 * (blocks - 1)));
    deviation[i] = d > 0 ? d : 0.01 * Math.max(1, Math.abs(mean[i]!));
  }
  const probe = new ChangeDetector({ mean, deviation, block, limit: Infinity });
  let highest = 0;
  for (let r = 0; r < blocks * block; r++) {
    probe.push(data.subarray(r * n, (r + 1) * n));
    highest = Math.max(highest, probe.height);
  }
  return { mean, deviation, block, limit: Math.max(FLOOR, MARGIN * highest) };
}
