/** Rows of CSV text, with or without a header. */
import { fail, show } from "../errors.ts";
import { say, type Sentence } from "../signals/sentences.ts";
import { signalsFromHeader, splitUnit } from "../signals/set.ts";
import type { SignalSpec } from "../signals/types.ts";
import { csvFormat, readRecord, type CsvFormat } from "./csv.ts";
import { findField, LABEL_FIELDS, TIME_FIELDS } from "./fields.ts";
import { parseLabel, type Label } from "./labels.ts";
import type { RowSource } from "./source.ts";
import { parseTime, readTime } from "./time.ts";
import { isWord, READ_NAN, READ_UNIT, readText } from "./value.ts";

export class CsvRows implements RowSource {
  readonly signals: readonly SignalSpec[];
  readonly most: number;
  timeMs = NaN;
  label: Label = -1;
  readonly #text: string;
  readonly #format: CsvFormat;
  readonly #cells: string[] = [];
  readonly #width: number;
  readonly #columns: Int32Array; // column of each signal, -1 = not there
  readonly #timeColumn: number;
  readonly #labelColumn: number;
  readonly #notes: Sentence[] = [];
  #at: number;
  #record: number; // of the file, from 1
  #unread = 0;

  /** `lines`: an upper bound of the number of lines. Without `signals` they are taken from the header; without a header they are c1, c2, ... */
  constructor(text: string, lines: number, signals?: readonly SignalSpec[]) {
    this.#text = text;
    this.#format = csvFormat(text);
    this.most = lines;
    const header: string[] = [];
    const next = readRecord(text, this.#format.start, this.#format, header);
    if (next < 0) fail("MW_DATASET_CSV", { row: 1, expected: { en: "closed quotes", zh: "成对的引号" }, got: show(header[0]) });
    const names = header.map((h) => h.trim());
    const named = names.some((name) => isWord(name) && Number.isNaN(parseTime(name)));
    this.#width = names.length;
    this.#at = named ? next : this.#format.start;
    this.#record = named ? 2 : 1;
    const own = new Set(signals?.map((s) => s.name));
    this.#timeColumn = named ? names.indexOf(findField(TIME_FIELDS, names, own) ?? "") : isTime(names[0] ?? "") ? 0 : -1;
    this.#labelColumn = named ? names.indexOf(findField(LABEL_FIELDS, names, own) ?? "") : -1;
    this.signals = signals ?? (named ? signalsFromHeader(text).signals : this.#unnamed());
    this.#columns = named ? this.#byName(names, signals !== undefined) : this.#byPosition();
  }

  #unnamed(): SignalSpec[] {
    const first = this.#timeColumn + 1;
    return Array.from({ length: this.#width - first }, (_, i) => ({ name: `c${i + 1}`, unit: "", low: null, high: null, kind: "auto" }));
  }

  #byName(names: readonly string[], given: boolean): Int32Array {
    const plain = names.map((name) => splitUnit(name).name);
    const lower = plain.map((name) => name.toLowerCase());
    const columns = Int32Array.from(this.signals, ({ name }) => {
      const exact = names.indexOf(name);
      if (exact >= 0) return exact;
      const bare = plain.indexOf(name);
      return bare >= 0 ? bare : lower.indexOf(name.toLowerCase());
    });
    if (given && columns.every((c) => c < 0)) {
      fail("MW_SAMPLE_NO_SIGNAL", { field: "payload", got: shorten(names), expected: shorten(this.signals.map((s) => s.name)) });
    }
    columns.forEach((c, i) => {
      if (c < 0) this.#notes.push(say("column-missing", this.signals[i]!.name));
    });
    return columns;
  }

  #byPosition(): Int32Array {
    const first = this.#timeColumn + 1;
    const n = this.signals.length;
    if (this.#width - first !== n)
      fail("MW_DATASET_CSV", { row: 1, expected: { en: `${n} columns, or a header`, zh: `${n} 列或表头` }, got: this.#width - first });
    return Int32Array.from({ length: n }, (_, i) => first + i);
  }

  next(out: Float64Array): boolean {
    const cells = this.#cells;
    this.#at = readRecord(this.#text, this.#at, this.#format, cells);
    if (this.#at < 0)
      fail("MW_DATASET_CSV", { row: this.#record, expected: { en: "closed quotes", zh: "成对的引号" }, got: { en: "an open quote", zh: "未闭合的引号" } });
    if (cells.length === 0) return false;
    if (cells.length !== this.#width)
      fail("MW_DATASET_CSV", { row: this.#record, expected: { en: `${this.#width} cells`, zh: `${this.#width} 个单元格` }, got: cells.length });
    for (let i = 0; i < this.#columns.length; i++) {
      const c = this.#columns[i]!;
      out[i] = c < 0 ? NaN : this.#number(cells[c]!, this.signals[i]!.unit);
    }
    this.timeMs = this.#timeColumn < 0 ? NaN : this.#time(cells[this.#timeColumn]!);
    if (this.#labelColumn >= 0) this.label = parseLabel(cells[this.#labelColumn], `line ${this.#record}`);
    this.#record++;
    return true;
  }

  #time(cell: string): number {
    const time = parseTime(cell);
    return Number.isNaN(time) ? readTime(cell, { en: `payload, line ${this.#record}`, zh: `payload 第 ${this.#record} 行` }) : time;
  }

  #number(cell: string, unit: string): number {
    const value = Number(cell);
    const second = cell.charCodeAt(1) | 32;
    // Number() also takes "", " " and 0x1f, 0b1, 0o7
    if (value - value === 0 && cell.charCodeAt(0) > 32 && second !== 120 && second !== 98 && second !== 111) return value;
    const text = readText(cell, unit, this.#format.decimalComma);
    if (text.reason === READ_NAN || text.reason === READ_UNIT) this.#unread++;
    return text.value;
  }

  notes(): readonly Sentence[] {
    return this.#unread > 0 ? [...this.#notes, say("cells-unread", undefined, { count: String(this.#unread) })] : this.#notes;
  }
}

/** A time that no sensor reading looks like: ISO or dotted text, not a bare number. */
function isTime(text: string): boolean {
  return Number.isNaN(Number(text)) && !Number.isNaN(parseTime(text));
}

function shorten(names: readonly string[]): string {
  return names.slice(0, 6).join(", ") + (names.length > 6 ? ", ..." : "");
}
