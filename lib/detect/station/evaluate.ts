/** What the command `evaluate` reports: how a model does on a dataset, with labels or without. */
import type { Dataset } from "../../message/dataset.ts";
import { Slices } from "../../message/slices.ts";
import type { Scored } from "./replay.ts";

const WEEK = 7 * 24 * 3600 * 1000; // ms

export interface Evaluation {
  readonly rows: number;
  /** Rows that could be judged. */
  readonly judged: number;
  readonly alarms: number;
  /** Alarms that touch no labelled anomaly. Without labels every alarm counts: the data is taken as normal. */
  readonly falseAlarms: number;
  /** null when the length of the data in time is not known. */
  readonly falseAlarmsPerWeek: number | null;
  /** Quantiles (to 1 %) and maximum of the score on rows that may be taken as normal. */
  readonly normalScores: { readonly median: number | null; readonly q99: number | null; readonly highest: number | null };
  /** Only with labels. */
  readonly labelled?: Labelled;
}

export interface Labelled {
  /** Runs of rows labelled anomalous, how many of them an alarm touched, and the rows from the start of a run to its alarm (median). */
  readonly anomalies: number;
  readonly detected: number;
  readonly delayRows: number | null;
  /** By rows. */
  readonly precision: number | null;
  readonly recall: number | null;
  readonly f1: number | null;
}

/** `periodMs`: used for the length of data without times; 0 = unknown. In slices; throws the signal's reason once it is aborted. */
export async function evaluate(data: Dataset, scored: Scored, periodMs: number, signal: AbortSignal): Promise<Evaluation> {
  const { rows } = data.x;
  const slices = new Slices(signal);
  const spread = new Spread();
  const tally = new Tally();
  let judged = 0;
  for (let r = 0; r < rows; r++) {
    if (slices.due()) await slices.pause();
    const score = scored.scores[r] ?? null;
    const labelled = data.labels?.[r] === 1;
    if (score !== null) judged++;
    if (score !== null && !labelled && data.usable[r] === 1) spread.add(score);
    tally.add(r, labelled, scored.alarms[r] === true);
  }
  const span = data.hasTimes ? data.times[rows - 1]! - data.times[0]! : rows * periodMs;
  const wrong = scored.episodes.length - tally.rightEpisodes;
  return {
    rows,
    judged,
    alarms: scored.episodes.length,
    falseAlarms: wrong,
    falseAlarmsPerWeek: span > 0 ? (wrong * WEEK) / span : null,
    normalScores: { median: spread.quantile(0.5), q99: spread.quantile(0.99), highest: spread.quantile(1) },
    ...(data.labels ? { labelled: tally.result() } : {}),
  };
}

const PER_DECADE = 232; // 10^(1/232) = 1.01
const LOWEST = 1e-6;

/** Quantiles of scores in constant memory: counts per bin of 1 %. */
class Spread {
  readonly #bins = new Uint32Array(12 * PER_DECADE);
  #count = 0;
  #highest = -Infinity;

  add(score: number): void {
    const bin = Math.floor(Math.log10(Math.max(LOWEST, score) / LOWEST) * PER_DECADE);
    this.#bins[Math.min(this.#bins.length - 1, bin)]!++;
    this.#count++;
    if (score > this.#highest) this.#highest = score;
  }

  quantile(q: number): number | null {
    if (this.#count === 0) return null;
    if (q >= 1) return this.#highest;
    let left = q * this.#count;
    for (let bin = 0; bin < this.#bins.length; bin++) {
      left -= this.#bins[bin]!;
      if (left <= 0) return Math.min(this.#highest, LOWEST * 10 ** ((bin + 1) / PER_DECADE));
    }
    return this.#highest;
  }
}

/** Alarms against labels, row by row. */
class Tally {
  /** Alarms that touched a labelled anomaly. */
  rightEpisodes = 0;
  #hit = 0;
  #wrong = 0;
  #missed = 0;
  #anomalies = 0;
  #detected = 0;
  #begun = -1; // first row of the present labelled run
  #seen = false; // it was alarmed
  #right = false; // the present alarm touched an anomaly
  #alarmed = false;
  readonly #delays: number[] = [];

  add(row: number, labelled: boolean, alarm: boolean): void {
    if (alarm && !this.#alarmed) this.#right = false;
    this.#alarmed = alarm;
    if (alarm && labelled && !this.#right) {
      this.#right = true;
      this.rightEpisodes++;
    }
    if (!labelled) {
      this.#begun = -1;
      if (alarm) this.#wrong++;
      return;
    }
    if (this.#begun < 0) {
      this.#begun = row;
      this.#seen = false;
      this.#anomalies++;
    }
    if (!alarm) {
      this.#missed++;
      return;
    }
    this.#hit++;
    if (this.#seen) return;
    this.#seen = true;
    this.#detected++;
    this.#delays.push(row - this.#begun);
  }

  result(): Labelled {
    const ratio = (a: number, b: number): number | null => (b > 0 ? a / b : null);
    const delays = this.#delays.sort((a, b) => a - b);
    const [hit, wrong, missed] = [this.#hit, this.#wrong, this.#missed];
    return {
      anomalies: this.#anomalies,
      detected: this.#detected,
      delayRows: delays[Math.floor((delays.length - 1) / 2)] ?? null,
      precision: ratio(hit, hit + wrong),
      recall: ratio(hit, hit + missed),
      f1: ratio(2 * hit, 2 * hit + wrong + missed),
    };
  }
}
