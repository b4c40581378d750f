/** The alarms of a detector: the open one, and the last ones for feedback by id. */
import type { AlarmEvent, TopSignal } from "./events.ts";

export interface AlarmRecord {
  readonly id: string;
  readonly start: number;
  end: number;
  /** Highest score over the limit of the calibration, whatever the limit was raised to. */
  peak: number;
  readonly limit: number;
  verdict: "" | "falseAlarm" | "confirmed";
  /** What feedback on this alarm multiplied the limit by. */
  moved: number;
}

/** Kept alarms, and scores kept for judging a missed period. */
const KEPT = 200;
const UPDATE_MS = 10_000;
const UPDATE_SAMPLES = 10;
const TOP = 5;

export interface AlarmLogState {
  readonly records: readonly AlarmRecord[];
  readonly open: AlarmRecord | null;
  readonly sums: Float64Array;
  readonly count: number;
  readonly serial: number;
}

export class AlarmLog {
  private readonly n: number;
  private records: AlarmRecord[] = [];
  private open: AlarmRecord | undefined;
  /** Contributions added up over the open episode. */
  private readonly sums: Float64Array;
  private count = 0;
  private serial = 0;
  private updatedPeak = 0;
  private updatedAt = 0;
  private updatedTop = -1;
  private sinceUpdate = 0;

  constructor(columns: number) {
    this.n = columns;
    this.sums = new Float64Array(columns);
  }

  get current(): AlarmRecord | undefined {
    return this.open;
  }

  find(id: string): AlarmRecord | undefined {
    return this.open?.id === id ? this.open : this.records.find((r) => r.id === id);
  }

  start(score: number, limit: number, time: number): AlarmRecord {
    // the time tells when, the number keeps ids apart when a clock is put back
    const id = `A${Math.round(time).toString(36).toUpperCase()}-${++this.serial}`;
    this.open = { id, start: time, end: NaN, peak: score, limit, verdict: "", moved: 1 };
    this.sums.fill(0);
    this.count = 0;
    this.updatedAt = time;
    this.updatedTop = -1;
    this.updatedPeak = score;
    this.sinceUpdate = 0;
    return this.open;
  }

  /** Adds the contributions of one sample of the open episode; true when an update is worth sending. */
  add(contributions: Float64Array, score: number, time: number): boolean {
    const open = this.open;
    if (!open) return false;
    if (score > open.peak) open.peak = score;
    const grew = open.peak > 1.5 * this.updatedPeak;
    let top = 0;
    for (let i = 0; i < this.n; i++) {
      this.sums[i]! += contributions[i]!;
      if (this.sums[i]! > this.sums[top]!) top = i;
    }
    this.count++;
    const moved = this.updatedTop >= 0 && top !== this.updatedTop;
    if (this.updatedTop < 0) this.updatedTop = top;
    if (++this.sinceUpdate < UPDATE_SAMPLES) return false;
    if (!grew && !moved && time - this.updatedAt < UPDATE_MS) return false;
    this.updatedAt = time;
    this.updatedTop = top;
    this.updatedPeak = open.peak;
    this.sinceUpdate = 0;
    return true;
  }

  end(time: number): AlarmRecord | undefined {
    const closed = this.open;
    if (!closed) return undefined;
    closed.end = time;
    this.records.push(closed);
    if (this.records.length > KEPT) this.records.shift();
    this.open = undefined;
    return closed;
  }

  event(type: AlarmEvent["type"], record: AlarmRecord, score: number, time: number, top: readonly TopSignal[]): AlarmEvent {
    return { type, id: record.id, start: record.start, at: time, durationMs: time - record.start, score, peak: record.peak, limit: record.limit, top };
  }

  /** Columns by their part of the episode so far, most first; with fewer than one sample, by `now`. */
  ranking(now: Float64Array): { column: number; share: number }[] {
    const weights = this.count > 0 ? this.sums : now;
    let total = 0;
    for (let i = 0; i < this.n; i++) total += weights[i]!;
    if (!(total > 0)) return [];
    return Array.from({ length: this.n }, (_, column) => ({ column, share: weights[column]! / total }))
      .sort((a, b) => b.share - a.share)
      .slice(0, TOP)
      .filter((t) => t.share >= 0.02);
  }

  /** The limit was multiplied by `factor`: peaks are relative to it. */
  rescale(factor: number): void {
    for (const r of this.open ? [...this.records, this.open] : this.records) r.peak /= factor;
    this.updatedPeak /= factor;
  }

  save(): AlarmLogState {
    return {
      serial: this.serial,
      records: this.records.map((r) => ({ ...r })),
      open: this.open ? { ...this.open } : null,
      sums: this.sums.slice(),
      count: this.count,
    };
  }

  load(state: AlarmLogState): void {
    this.records = state.records.map((r) => ({ ...r }));
    this.open = state.open ? { ...state.open } : undefined;
    if (state.sums.length === this.n) this.sums.set(state.sums);
    this.count = state.count;
    this.serial = state.serial;
    this.updatedPeak = this.open?.peak ?? 0;
  }
}
