/** The fused score of a model's members, sample by sample: exp(sum_m weight_m ln(raw_m / scale_m)), smoothed in the logarithm. */
import { METHODS } from "./methods.ts";
import type { Member } from "./model.ts";
import type { Learning, Stream } from "./types.ts";

/** ln of a raw score below this share of its scale says no more than "quiet"; keeps ln finite at 0. */
export const QUIET = 1e-3;

export interface FusedState {
  readonly streams: readonly object[];
  readonly level: number;
  readonly started: boolean;
}

export class FusedStream {
  private readonly members: readonly Member[];
  private readonly streams: readonly Stream[];
  private readonly smoothing: number;
  private readonly share: Float64Array;
  private readonly opinion: Float64Array;
  private level = 0;
  private started = false;
  private last = 0;

  /** `columns` is the number of signals that the methods see; `smoothing` the weight of the newest sample (1 = none). */
  constructor(members: readonly Member[], columns: number, smoothing: number) {
    this.members = members;
    this.smoothing = smoothing;
    this.streams = members.map((m) => METHODS[m.method].stream(m.params));
    this.share = new Float64Array(columns);
    this.opinion = new Float64Array(columns);
  }

  get ready(): boolean {
    for (const s of this.streams) if (!s.ready) return false;
    return true;
  }

  /** Fused score of the sample `x` (raw values of the columns, complete); 0 until every member is warm. */
  push(x: Float64Array): number {
    let sum = 0;
    let ready = true;
    for (let m = 0; m < this.streams.length; m++) {
      const stream = this.streams[m]!;
      const { weight, scale } = this.members[m]!;
      sum += weight * Math.log(Math.max(QUIET, stream.push(x) / scale));
      ready &&= stream.ready;
    }
    if (!ready) return (this.last = 0);
    // l_t = l_{t-1} + a (ln s_t - l_{t-1})
    this.level = this.started ? this.level + this.smoothing * (sum - this.level) : sum;
    this.started = true;
    return (this.last = Math.exp(this.level));
  }

  /** Writes each column's part of the last fused score into `out`; the parts sum to the score. */
  contributions(out: Float64Array): void {
    out.fill(0);
    if (this.last === 0) return;
    for (let m = 0; m < this.streams.length; m++) {
      const part = this.last * this.members[m]!.weight;
      this.streams[m]!.shares(this.share);
      let total = 0;
      for (let i = 0; i < out.length; i++) total += this.share[i]!;
      for (let i = 0; i < out.length; i++) out[i]! += part * (total > 0 ? this.share[i]! / total : 1 / out.length);
    }
  }

  /** Expected raw values: of the first member that has an opinion on a column; NaN where none has. */
  expected(out: Float64Array): void {
    out.fill(NaN);
    for (const s of this.streams) {
      s.expected(this.opinion);
      for (let i = 0; i < out.length; i++) if (Number.isNaN(out[i])) out[i] = this.opinion[i]!;
    }
  }

  learn(how: Learning): void {
    for (const s of this.streams) s.learn?.(how);
  }

  forget(from: number, to: number): void {
    for (const s of this.streams) s.forget?.(from, to);
  }

  release(accept: boolean): void {
    for (const s of this.streams) s.release?.(accept);
  }

  reset(): void {
    for (const s of this.streams) s.reset();
    this.started = false;
    this.last = 0;
  }

  save(): FusedState {
    return { streams: this.streams.map((s) => s.save()), level: this.level, started: this.started };
  }

  load(state: FusedState): void {
    this.streams.forEach((s, i) => {
      const saved = state.streams[i];
      if (saved) s.load(saved);
    });
    this.level = state.level;
    this.started = state.started;
  }
}
