/** One payload -> one row of numbers. The usual message (an object of numbers, numbers in signal order, one number) allocates nothing. */
import { fail, show, type Bilingual } from "../errors.ts";
import { say, type Sentence } from "../signals/sentences.ts";
import { splitUnit } from "../signals/set.ts";
import type { SignalSpec } from "../signals/types.ts";
import { TIME_FIELDS } from "./fields.ts";
import { isNumberArray, type NumberArray } from "./payload.ts";
import { parseTime, readTime, refuseTime } from "./time.ts";
import { READ_MISSING, READ_NAN, READ_OK, readText } from "./value.ts";

const MAX_NOTED = 64; // different things said once per stream; after that the stream has said enough
const MAX_MET = 256; // different extra fields remembered
const NOTHING: readonly Sentence[] = [];

/** One object is reused for every sample. */
export interface ReadReport {
  /** Per signal: READ_OK, READ_MISSING (absent, null, "") or READ_NAN (NaN, Infinity, text without a number) or READ_UNIT (another unit). */
  readonly reasons: Uint8Array;
  /** How many reasons are not READ_OK. */
  readonly bad: number;
  /** The data's own time in ms: `timestamp`, else a time field of the object; NaN = none. */
  readonly timeMs: number;
  /** What was noticed for the first time in this stream; usually empty. */
  readonly notes: readonly Sentence[];
}

export class SampleReader {
  readonly #signals: readonly SignalSpec[];
  readonly #keys: string[]; // the field that holds each signal: its name, or "name [unit]" as a csv node makes it from a header
  readonly #known: Set<string>; // fields that need no second look
  readonly #field: string;
  readonly #noted = new Set<string>();
  readonly #report: { reasons: Uint8Array; bad: number; timeMs: number; notes: readonly Sentence[] };
  #timeKey: string | undefined;

  /** `field`: the property the payloads come from, for error messages. */
  constructor(signals: readonly SignalSpec[], field = "payload") {
    this.#signals = signals;
    this.#keys = signals.map((s) => s.name);
    this.#known = new Set(this.#keys);
    this.#field = field;
    this.#report = { reasons: new Uint8Array(signals.length), bad: 0, timeMs: NaN, notes: NOTHING };
  }

  /**
   * Reads one sample into `out` (one value per signal, NaN = none). `timestamp` is msg.timestamp. Throws MW_PAYLOAD_MISSING, MW_PAYLOAD_TYPE,
   * MW_PAYLOAD_EMPTY, MW_SAMPLE_LENGTH, MW_SAMPLE_NO_SIGNAL, MW_SAMPLE_VALUE (a signal holds an object or array) or MW_TIMESTAMP_INVALID.
   */
  read(payload: unknown, timestamp: unknown, out: Float64Array): ReadReport {
    const report = this.#report;
    report.bad = 0;
    report.notes = NOTHING;
    report.timeMs = timestamp === undefined ? NaN : readTimestamp(timestamp);
    if (typeof payload === "object" && payload !== null) {
      if (isNumberArray(payload)) this.#readArray(payload, out);
      else this.#readObject(payload as Readonly<Record<string, unknown>>, out);
    } else {
      this.#readOne(payload, out);
    }
    return report;
  }

  #readObject(payload: Readonly<Record<string, unknown>>, out: Float64Array): void {
    for (const key in payload) if (!this.#known.has(key)) this.#meet(key);
    const keys = this.#keys;
    const { reasons } = this.#report;
    let numbers = 0;
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i]!;
      const value = payload[key];
      // x - x is 0 for finite numbers only
      if (typeof value === "number" && value - value === 0) {
        out[i] = value;
        reasons[i] = READ_OK;
        numbers++;
      } else {
        this.#readCell(i, Object.hasOwn(payload, key) ? value : undefined, out);
      }
    }
    if (numbers === 0) this.#demandSignals(payload);
    if (this.#timeKey !== undefined && Number.isNaN(this.#report.timeMs)) this.#readTime(payload[this.#timeKey], this.#timeKey);
  }

  /** A field seen for the first time: a signal with its unit in the name, the time, or nothing of ours. */
  #meet(key: string): void {
    if (this.#known.size < this.#signals.length + MAX_MET) this.#known.add(key);
    const { name } = splitUnit(key);
    const signal = this.#signals.findIndex((s) => s.name === name);
    if (signal >= 0 && this.#keys[signal] === name) {
      this.#keys[signal] = key;
      return;
    }
    const rank = TIME_FIELDS.indexOf(key.trim().toLowerCase());
    if (rank < 0) this.#note("signal-extra", key);
    else if (this.#timeKey === undefined || rank < TIME_FIELDS.indexOf(this.#timeKey.trim().toLowerCase())) this.#timeKey = key;
  }

  #readArray(payload: NumberArray, out: Float64Array): void {
    const signals = this.#signals.length;
    if (payload.length === 0) fail("MW_PAYLOAD_EMPTY", { field: this.#field });
    if (payload.length !== signals) fail("MW_SAMPLE_LENGTH", { field: this.#field, got: payload.length, expected: signals });
    for (let i = 0; i < signals; i++) {
      const value = payload[i];
      if (typeof value === "number" && value - value === 0) {
        out[i] = value;
        this.#report.reasons[i] = READ_OK;
      } else {
        this.#readCell(i, value, out);
      }
    }
  }

  #readOne(payload: unknown, out: Float64Array): void {
    if (payload === undefined) fail("MW_PAYLOAD_MISSING", { field: this.#field, expected: this.#expected() });
    const several = this.#signals.length !== 1;
    const usable = typeof payload === "number" || typeof payload === "boolean" || typeof payload === "bigint" || (typeof payload === "string" && !several);
    if (!usable) fail("MW_PAYLOAD_TYPE", { field: this.#field, expected: this.#expected(), got: show(payload) });
    if (several) fail("MW_SAMPLE_LENGTH", { field: this.#field, got: 1, expected: this.#signals.length });
    this.#readCell(0, payload, out);
  }

  /** Everything that is not a finite number in its place. */
  #readCell(i: number, value: unknown, out: Float64Array): void {
    const { reasons } = this.#report;
    const { name, unit, kind } = this.#signals[i]!;
    out[i] = NaN;
    reasons[i] = READ_MISSING;
    switch (typeof value) {
      case "number":
      case "bigint":
      case "boolean":
        out[i] = Number(value);
        reasons[i] = Number.isFinite(out[i]) ? READ_OK : READ_NAN;
        if (reasons[i] === READ_NAN) out[i] = NaN;
        if (typeof value === "boolean" && (kind === "analog" || (kind === "auto" && unit !== "")))
          this.#note("boolean", name, { got: String(value), as: String(out[i]) });
        break;
      case "string": {
        const text = readText(value, unit);
        out[i] = text.value;
        reasons[i] = text.reason;
        if (text.note !== "") this.#note(text.note, name, { got: quote(value), expected: unit });
        break;
      }
      case "undefined":
        break;
      default:
        if (value !== null && kind !== "ignore") fail("MW_SAMPLE_VALUE", { field: name, got: show(value) });
    }
    if (reasons[i] !== READ_OK && kind !== "ignore") this.#report.bad++;
  }

  #demandSignals(payload: object): void {
    if (this.#keys.some((key) => Object.hasOwn(payload, key))) return;
    if (Object.keys(payload).length === 0) fail("MW_PAYLOAD_EMPTY", { field: this.#field });
    fail("MW_SAMPLE_NO_SIGNAL", { field: this.#field, got: show(payload), expected: this.#list() });
  }

  #readTime(value: unknown, key: string): void {
    this.#report.timeMs = readTime(value, `${this.#field}.${key}`);
    if (value !== undefined && value !== null && Number.isNaN(this.#report.timeMs)) this.#note("time-unreadable", key, { got: quote(value) });
  }

  #note(code: Parameters<typeof say>[0], signal: string, params: Readonly<Record<string, string>> = {}): void {
    const key = `${code} ${signal}`;
    if (this.#noted.size > MAX_NOTED || this.#noted.has(key)) return;
    this.#noted.add(key);
    const sentence = this.#noted.size > MAX_NOTED ? say("signal-more", undefined) : say(code, signal, params);
    this.#report.notes = [...this.#report.notes, sentence];
  }

  #expected(): Bilingual {
    const n = this.#signals.length;
    return n === 1 ? { en: "a number", zh: "一个数字" } : { en: `an object or array of ${n} numbers`, zh: `含 ${n} 个数字的对象或数组` };
  }

  #list(): string {
    const names = this.#signals.slice(0, 6).map((s) => s.name);
    return names.join(", ") + (this.#signals.length > 6 ? ", ..." : "");
  }
}

/** msg.timestamp in ms; NaN when there is none. Throws MW_TIMESTAMP_INVALID. */
export function readTimestamp(timestamp: unknown): number {
  if (timestamp === undefined || timestamp === null || timestamp === "") return NaN;
  const time = parseTime(timestamp);
  return Number.isNaN(time) ? refuseTime(timestamp, "timestamp") : time;
}

function quote(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value.slice(0, 40)) : typeof value;
}
