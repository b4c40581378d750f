/**
 * Suspects a changed unit or scale of one signal: factor 10, 100, 1000 or degC/degF. A process change is told apart by two conditions that
 * only a conversion fulfils together: the value steps from x straight to f(x), and its short-term spread changes as f says, for many samples.
 */
import { temperatureScale } from "./units.ts";
import type { LearnedSignal, SignalSpec } from "./types.ts";

/** A reading of `x` became `factor * x + offset`. */
interface Conversion {
  readonly name: string;
  readonly factor: number;
  readonly offset: number;
  /** Accepted ratio of the converted-back spread to the learned one. 1.8 is close to 1, so its range is narrow. */
  readonly least: number;
  readonly most: number;
}

const factor = (f: number, name: string): Conversion => ({ name, factor: f, offset: 0, least: 0.4, most: 1.8 });
const FACTORS = [factor(10, "x 10"), factor(100, "x 100"), factor(1000, "x 1000"), factor(0.1, "/ 10"), factor(0.01, "/ 100"), factor(0.001, "/ 1000")];
const TO_F: Conversion = { name: "degC -> degF", factor: 1.8, offset: 32, least: 0.72, most: 1.38 };
const TO_C: Conversion = { name: "degF -> degC", factor: 1 / 1.8, offset: -32 / 1.8, least: 0.72, most: 1.38 };

const WIDEN = 0.25; // the normal band is the learned range and this share of it on each side
const FOLLOW = 1; // and after a conversion, where level and spread have spoken already, this share
const JUMP = 8; // clipped steps that a conversion must move the value at least: near 0 all of them land at the same place
const TRIES = 3; // the spread is compared after n, 2n and 4n samples
const MISSES = 2; // samples in a row outside the converted band that a suspicion survives
const SETTLE = 3; // samples within which a conversion is complete: one average over both scales may lie between

export interface ScaleState {
  readonly hypothesis: number;
  readonly confirmed: boolean;
  readonly run: number;
  readonly steps: number;
  readonly back: number;
  readonly good: number;
  readonly before: number;
}

const NORMAL = 1;
const UNKNOWN = 2;
const ABNORMAL = 0;

export class ScaleWatch {
  readonly #learned: LearnedSignal;
  readonly #conversions: readonly Conversion[];
  readonly #low: number;
  readonly #high: number;
  readonly #alive: Uint8Array; // conversions that explain every sample since the step
  readonly #backs: Float64Array; // last value, converted back
  readonly #sums: Float64Array; // sums of clipped steps, converted back
  readonly #telling: boolean; // the level alone says something: it is far from 0
  #hypothesis = -1; // the nearest of those alive, -1 = none
  #confirmed = false;
  #run = 0;
  #tries = 0;
  #misses = 0;
  #good = NaN; // last normal value
  #before = UNKNOWN; // what the sample before was
  #away = 0; // abnormal samples since the last normal one

  constructor(spec: SignalSpec, learned: LearnedSignal) {
    this.#learned = learned;
    const scale = temperatureScale(spec.unit);
    const degrees = scale === "C" ? [TO_F] : scale === "F" ? [TO_C] : spec.unit === "" ? [TO_F, TO_C] : [];
    this.#conversions = [...FACTORS, ...degrees];
    this.#alive = new Uint8Array(this.#conversions.length);
    this.#backs = new Float64Array(this.#conversions.length);
    this.#sums = new Float64Array(this.#conversions.length);
    const margin = WIDEN * (learned.max - learned.min);
    this.#low = learned.min - margin;
    this.#high = learned.max + margin;
    this.#telling = Math.abs(learned.median) > 4 * learned.spread;
  }

  /** Takes the next value; true while a changed scale is suspected. */
  push(value: number): boolean {
    if (value >= this.#low && value <= this.#high) {
      this.#good = value;
      this.#before = NORMAL;
      this.#away = 0;
      this.#hypothesis = -1;
      this.#confirmed = false;
      return false;
    }
    this.#away++;
    if (this.#hypothesis >= 0) this.#follow(value);
    else this.#suspect(value);
    this.#before = ABNORMAL;
    return this.#confirmed;
  }

  /** The next sample does not follow the one before: a sensor may have been exchanged meanwhile. */
  gap(): void {
    if (this.#hypothesis < 0) this.#before = UNKNOWN;
  }

  /** What seems to have happened ("x 10"), and the last value as it would have been; valid while suspected. */
  get change(): string {
    return this.#conversions[this.#hypothesis]?.name ?? "";
  }
  get converted(): number {
    return this.#backs[this.#hypothesis] ?? NaN;
  }

  #suspect(value: number): void {
    const { stepCap, median, min, max } = this.#learned;
    const stepped = this.#before !== UNKNOWN && this.#away <= SETTLE && !Number.isNaN(this.#good);
    if (!stepped && (this.#before !== UNKNOWN || !this.#telling)) return;
    if (stepped && Math.abs(value - this.#good) < JUMP * stepCap) return;
    const from = stepped ? this.#good : median;
    const reach = stepped ? 2 * stepCap : Math.max(max - median, median - min);
    let nearest = reach;
    this.#alive.fill(0);
    for (let k = 0; k < this.#conversions.length; k++) {
      const back = convertBack(this.#conversions[k]!, value);
      const distance = Math.abs(back - from);
      if (distance > reach) continue;
      this.#alive[k] = 1;
      this.#backs[k] = back;
      this.#sums[k] = 0;
      if (distance > nearest) continue;
      nearest = distance;
      this.#hypothesis = k;
    }
    this.#run = 1;
    this.#tries = 0;
    this.#misses = 0;
  }

  #follow(value: number): void {
    const { min, max, stepCap } = this.#learned;
    const margin = FOLLOW * (max - min);
    let alive = 0;
    for (let k = 0; k < this.#conversions.length; k++) {
      if (this.#alive[k] === 0) continue;
      const back = convertBack(this.#conversions[k]!, value);
      if (back >= min - margin && back <= max + margin) {
        alive++;
        this.#sums[k]! += Math.min(Math.abs(back - this.#backs[k]!), stepCap);
        this.#backs[k] = back;
      } else if (!this.#confirmed) {
        this.#alive[k] = 0;
      }
    }
    if (alive === 0) {
      if (!this.#confirmed || ++this.#misses > MISSES) this.#drop(value);
      return;
    }
    this.#misses = 0;
    this.#run++;
    if (this.#alive[this.#hypothesis] === 0) this.#hypothesis = this.#alive.indexOf(1);
    if (this.#confirmed || this.#run < this.#learned.scaleAfter * 2 ** this.#tries) return;
    if (!this.#compare() && ++this.#tries === TRIES) this.#drop(value);
  }

  /** Confirms the conversion whose spread is most like the learned one. */
  #compare(): boolean {
    let least = Infinity;
    for (let k = 0; k < this.#conversions.length; k++) {
      const ratio = this.#sums[k]! / (this.#run - 1) / this.#learned.step;
      const { least: low, most } = this.#conversions[k]!;
      if (this.#alive[k] === 0 || ratio < low || ratio > most || Math.abs(Math.log(ratio)) >= least) continue;
      least = Math.abs(Math.log(ratio));
      this.#hypothesis = k;
      this.#confirmed = true;
    }
    if (least < Infinity) this.#only(this.#hypothesis);
    return least < Infinity;
  }

  /** After a conversion that was certain, another one is looked for from what is usual. */
  #drop(value: number): void {
    const certain = this.#confirmed;
    this.#hypothesis = -1;
    this.#confirmed = false;
    if (!certain) return;
    this.#before = UNKNOWN;
    this.#suspect(value);
  }

  #only(k: number): void {
    this.#alive.fill(0);
    if (k >= 0) this.#alive[k] = 1;
  }

  save(): ScaleState {
    return {
      hypothesis: this.#hypothesis,
      confirmed: this.#confirmed,
      run: this.#run,
      steps: this.#sums[this.#hypothesis] ?? 0,
      back: this.converted,
      good: this.#good,
      before: this.#before,
    };
  }

  load(state: ScaleState): void {
    this.#hypothesis = state.hypothesis < this.#conversions.length ? state.hypothesis : -1;
    this.#confirmed = this.#hypothesis >= 0 && state.confirmed;
    this.#run = state.run;
    this.#only(this.#hypothesis);
    if (this.#hypothesis >= 0) {
      this.#sums[this.#hypothesis] = state.steps;
      this.#backs[this.#hypothesis] = state.back;
    }
    this.#good = state.good;
    this.#before = state.before;
    this.#away = state.before === ABNORMAL ? SETTLE : 0;
  }
}

function convertBack({ factor: f, offset }: Conversion, value: number): number {
  return (value - offset) / f;
}
