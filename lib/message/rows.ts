/** Rows of an array payload: objects, arrays in signal order, or numbers. */
import { fail, MillwrightError, show, type Detail } from "../errors.ts";
import { say, type Sentence } from "../signals/sentences.ts";
import { signalsFromSample } from "../signals/set.ts";
import type { SignalSpec } from "../signals/types.ts";
import { findField, LABEL_FIELDS } from "./fields.ts";
import { parseLabel, type Label } from "./labels.ts";
import { isNumberArray, type NumberArray } from "./payload.ts";
import { SampleReader } from "./sample.ts";
import type { RowSource } from "./source.ts";
import { READ_NAN, READ_UNIT } from "./value.ts";

export class ArrayRows implements RowSource {
  readonly signals: readonly SignalSpec[];
  readonly most: number;
  timeMs = NaN;
  label: Label = -1;
  readonly #rows: NumberArray;
  readonly #field: string;
  readonly #reader: SampleReader;
  readonly #labelKey: string | undefined;
  readonly #notes: Sentence[] = [];
  #at = 0;
  #unread = 0;

  /** Without `signals` they are taken from the first row. */
  constructor(rows: NumberArray, signals: readonly SignalSpec[] | undefined, field: string) {
    const first: unknown = rows[0];
    const keys = typeof first === "object" && first !== null && !isNumberArray(first) ? Object.keys(first) : [];
    this.#labelKey = findField(LABEL_FIELDS, keys, new Set(signals?.map((s) => s.name)));
    this.signals = signals ?? signalsFromSample(first, `${field}[0]`).signals.filter((s) => s.name !== this.#labelKey);
    if (this.signals.length === 0) fail("MW_PAYLOAD_EMPTY", { field });
    this.most = rows.length;
    this.#rows = rows;
    this.#field = field;
    this.#reader = new SampleReader(this.signals, field);
  }

  next(out: Float64Array): boolean {
    if (this.#at === this.most) return false;
    const row: unknown = this.#rows[this.#at];
    try {
      const report = this.#reader.read(row, undefined, out);
      this.timeMs = report.timeMs;
      if (report.bad > 0) this.#unread += this.#notNumbers(report.reasons);
      for (const note of report.notes) if (note.signal !== this.#labelKey || note.code !== "signal-extra") this.#notes.push(note);
      if (this.#labelKey !== undefined)
        this.label = parseLabel((row as Readonly<Record<string, unknown>>)[this.#labelKey], `${this.#field}[${this.#at}].${this.#labelKey}`);
    } catch (error) {
      this.#refuse(error, row);
    }
    this.#at++;
    return true;
  }

  #notNumbers(reasons: Uint8Array): number {
    let count = 0;
    for (const reason of reasons) if (reason === READ_NAN || reason === READ_UNIT) count++;
    return count;
  }

  /** The row's number belongs into the error. */
  #refuse(error: unknown, row: unknown): never {
    if (!(error instanceof MillwrightError) || error.code === "MW_DATASET_LABELS") throw error;
    if (error.code === "MW_TIMESTAMP_INVALID") {
      const { field, got } = error.details as { readonly field: string; readonly got: Detail };
      fail(error.code, { field: { en: `${field} in row ${this.#at + 1}`, zh: `${field}（第 ${this.#at + 1} 行）` }, got }, error);
    }
    const got = error.code === "MW_SAMPLE_VALUE" ? { en: error.message, zh: error.describe("zh") } : show(row);
    const n = this.signals.length;
    fail("MW_DATASET_ROW", { field: this.#field, row: this.#at + 1, got, expected: { en: `a sample of ${n} numbers`, zh: `含 ${n} 个数字的样本` } }, error);
  }

  notes(): readonly Sentence[] {
    return this.#unread > 0 ? [...this.#notes, say("cells-unread", undefined, { count: String(this.#unread) })] : this.#notes;
  }
}
