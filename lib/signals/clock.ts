/** Watches the time of each sample: late, jumped, equal or running backwards. O(1), allocates nothing. */
import type { ClockCode, LearnedHealth } from "./types.ts";

const BEHIND = 3; // older samples in a row, each newer than the one before, after which the clock counts as re-set
const COARSE_SHARE = 0.2; // share of equal time stamps from which they are the clock's resolution, not repetition
const COARSE_AFTER = 20;

export interface ClockState {
  readonly time: number;
  readonly behind: number;
  readonly behindTime: number;
  readonly equal: number;
  readonly steps: number;
}

export class ClockWatch {
  code: ClockCode = "ok";
  /** The sample does not follow the one before. */
  gap = false;
  /** ms since the sample before; NaN = unknown. */
  elapsedMs = NaN;
  readonly #expectedMs: number;
  #lateMs: number;
  #coarse: boolean | undefined; // undefined until learned from data with a clock
  #time = NaN; // newest accepted time of the data
  #behind = 0;
  #behindTime = NaN;
  #equal = 0;
  #steps = 0;
  #arrival = NaN;
  #usualArrival = NaN; // running mean time between arrivals
  #resumed = false;

  /** `periodMs`: the expected time between samples, 0 = not known until learned. */
  constructor(periodMs: number, learned?: LearnedHealth) {
    this.#expectedMs = periodMs;
    this.#lateMs = 3 * periodMs;
    if (learned) this.install(learned);
  }

  install(learned: LearnedHealth): void {
    this.#lateMs = learned.lateMs > 0 ? learned.lateMs : 3 * this.#expectedMs;
    if (learned.periodMs > 0) this.#coarse = learned.coarseClock;
  }

  get lateMs(): number {
    return this.#lateMs;
  }

  /** `timeMs`: the data's own time (NaN = none); `arrivalMs`: a monotonic clock at arrival (NaN = not live). Sets code, gap and elapsedMs. */
  push(timeMs: number, arrivalMs: number): void {
    const waited = arrivalMs - this.#arrival;
    this.code = "ok";
    this.gap = this.#resumed && Number.isNaN(timeMs);
    this.#resumed = false;
    if (Number.isNaN(timeMs)) {
      this.elapsedMs = waited;
      if (this.#lateMs > 0 && waited > this.#lateMs) this.#set("late", true);
    } else {
      this.#compare(timeMs, waited);
    }
    if (Number.isNaN(arrivalMs)) return;
    this.#arrival = arrivalMs;
    if (Number.isNaN(this.#usualArrival)) this.#usualArrival = waited;
    else if (waited <= 3 * this.#usualArrival || this.#lateMs === 0) this.#usualArrival += 0.05 * (waited - this.#usualArrival);
  }

  #compare(timeMs: number, waited: number): void {
    const elapsed = timeMs - this.#time;
    this.elapsedMs = elapsed;
    if (elapsed < 0) {
      this.#older(timeMs);
      return;
    }
    if (elapsed === 0) {
      this.#equal++;
      if (!this.#isCoarse()) this.#set("duplicate", false);
      return;
    }
    if (elapsed > 0 && ++this.#steps > 1000) {
      this.#steps /= 2;
      this.#equal /= 2;
    }
    this.#time = timeMs;
    this.#behind = 0;
    if (this.#lateMs > 0 && elapsed > this.#lateMs) {
      // arrived when it was due, but stamped much later: the clock moved, not the data
      const due = waited > 0.3 * this.#usualArrival && waited < 3 * this.#usualArrival;
      this.#set(due ? "clock-jump" : "late", true);
    }
  }

  /** A late straggler is refused; three in a row that advance mean that the clock was put back. */
  #older(timeMs: number): void {
    if (this.#behind === 0 || timeMs > this.#behindTime) this.#behind++;
    else if (timeMs < this.#behindTime) this.#behind = 1;
    this.#behindTime = timeMs;
    if (this.#behind < BEHIND) {
      this.#set("backwards", false);
      return;
    }
    this.#time = timeMs;
    this.#behind = 0;
    this.#set("clock-jump", true);
  }

  #isCoarse(): boolean {
    if (this.#coarse !== undefined) return this.#coarse;
    const seen = this.#equal + this.#steps;
    return seen >= COARSE_AFTER && this.#equal > COARSE_SHARE * seen;
  }

  #set(code: ClockCode, gap: boolean): void {
    this.code = code;
    this.gap = gap;
  }

  /** ms since the last arrival when that is longer than is usual, else 0. */
  silentFor(arrivalMs: number): number {
    const waited = arrivalMs - this.#arrival;
    return this.#lateMs > 0 && waited > Math.max(this.#lateMs, 5 * (this.#usualArrival || 0)) ? waited : 0;
  }

  save(): ClockState {
    return { time: this.#time, behind: this.#behind, behindTime: this.#behindTime, equal: this.#equal, steps: this.#steps };
  }

  load(state: ClockState): void {
    this.#time = state.time;
    this.#behind = state.behind;
    this.#behindTime = state.behindTime;
    this.#equal = state.equal;
    this.#steps = state.steps;
    this.#resumed = true;
  }
}
