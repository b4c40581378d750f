/** A window or dataset from a message: array of samples or CSV text, read in slices so that the thread is never held. */
import { fail, show } from "../errors.ts";
import type { Sentence } from "../signals/sentences.ts";
import type { SignalSpec } from "../signals/types.ts";
import { csvFormat } from "./csv.ts";
import { CsvRows } from "./csv-rows.ts";
import { checkLabels, parseLabel, parsePeriods, within } from "./labels.ts";
import type { NumberArray } from "./payload.ts";
import { ArrayRows } from "./rows.ts";
import { readTimestamp } from "./sample.ts";
import { Slices } from "./slices.ts";
import type { RowSource } from "./source.ts";
import { parseTime, refuseTime } from "./time.ts";

export interface Dataset {
  readonly signals: readonly SignalSpec[];
  /** Row-major `data[r * cols + c]` in the order of `signals`; NaN = no value. */
  readonly x: { readonly rows: number; readonly cols: number; readonly data: Float64Array };
  /** ms since 1970 per row, NaN = none. */
  readonly times: Float64Array;
  readonly hasTimes: boolean;
  /** 1 = anomalous, 0 = normal, -1 = not said; absent when nothing was labelled. */
  readonly labels?: Int8Array;
  /** Excluded periods in ms, `[from0, to0, from1, to1, ...]`, both ends included; absent when there are none. */
  readonly excluded?: Float64Array;
  /** 1 = may be learned as normal: not labelled anomalous and in no excluded period. */
  readonly usable: Uint8Array;
  readonly notes: readonly Sentence[];
}

export interface DatasetOptions {
  readonly signals?: readonly SignalSpec[];
  readonly field?: string;
  /** Time between rows that have no time of their own, counted back from msg.timestamp; 0 = not known. */
  readonly periodMs?: number;
  readonly maxRows?: number;
  readonly maxValues?: number;
  readonly signal?: AbortSignal;
}

/** What of the message says more about the rows. `timestamp`: one per row, or the time of the last row. */
export interface DatasetMessage {
  readonly timestamp?: unknown;
  readonly labels?: unknown;
  readonly exclude?: unknown;
}

const MAX_ROWS = 1_000_000;
const MAX_VALUES = 20_000_000; // 160 MB
const STRIDE = 16; // rows between two looks at the clock

/**
 * Reads every row of `payload` (forms `rows` and `csv`). Throws MW_PAYLOAD_TOO_LARGE, MW_PAYLOAD_EMPTY, MW_PAYLOAD_TYPE, MW_DATASET_ROW, MW_DATASET_CSV,
 * MW_DATASET_LABELS, MW_SAMPLE_NO_SIGNAL, MW_TIMESTAMP_INVALID, or the signal's reason when aborted. The payload must not be changed meanwhile.
 */
export async function readDataset(msg: DatasetMessage, payload: NumberArray | string, options: DatasetOptions = {}): Promise<Dataset> {
  const { field = "payload", maxRows = MAX_ROWS, maxValues = MAX_VALUES, signals } = options;
  const slices = new Slices(options.signal);
  const source = typeof payload === "string" ? new CsvRows(payload, await countLines(payload, slices), signals) : new ArrayRows(payload, signals, field);
  const cols = source.signals.length;
  const most = Math.min(source.most, maxRows, Math.floor(maxValues / cols));
  if (source.most > most + (typeof payload === "string" ? 2 : 0)) tooLarge(field, source.most, most);
  const periods = parsePeriods(msg.exclude);
  const data = new Float64Array(most * cols);
  const times = new Float64Array(most);
  const labels = new Int8Array(most);
  const row = new Float64Array(cols);
  let rows = 0;
  for (; source.next(row); rows++) {
    if (rows === most) tooLarge(field, rows + 1, most);
    data.set(row, rows * cols);
    times[rows] = source.timeMs;
    labels[rows] = source.label;
    if (rows % STRIDE === 0 && slices.due()) await slices.pause();
  }
  if (rows === 0) fail("MW_PAYLOAD_EMPTY", { field });
  await stamp(msg.timestamp, times.subarray(0, rows), options.periodMs ?? 0, slices);
  return finish(msg.labels, source, periods, { rows, cols, data: data.subarray(0, rows * cols) }, times.subarray(0, rows), labels.subarray(0, rows), slices);
}

/** Lets msg.labels add to the labels of the rows, and says which rows may be learned. */
async function finish(
  given: unknown,
  source: RowSource,
  periods: Float64Array,
  x: Dataset["x"],
  times: Float64Array,
  labels: Int8Array,
  slices: Slices,
): Promise<Dataset> {
  const list = checkLabels(given, x.rows);
  const usable = new Uint8Array(x.rows);
  let timed = 0;
  let labelled = 0;
  for (let r = 0; r < x.rows; r++) {
    const label = list === undefined ? -1 : parseLabel(list[r], `labels[${r}]`);
    if (label !== -1) labels[r] = label;
    if (labels[r] !== -1) labelled++;
    if (!Number.isNaN(times[r]!)) timed++;
    usable[r] = labels[r] === 1 || within(periods, times[r]!) ? 0 : 1;
    if (r % (8 * STRIDE) === 0 && slices.due()) await slices.pause();
  }
  if (periods.length > 0 && timed === 0) {
    fail("MW_DATASET_LABELS", {
      field: "exclude",
      expected: { en: "used with rows that have a time", zh: "与带时间的行一起使用" },
      got: { en: "rows without a time", zh: "没有时间的行" },
    });
  }
  const said = { ...(labelled > 0 ? { labels } : {}), ...(periods.length > 0 ? { excluded: periods } : {}) };
  return { signals: source.signals, x, times, hasTimes: timed > 0, ...said, usable, notes: source.notes() };
}

/** msg.timestamp: a list with one time per row, or the time of the last row with the others `periodMs` apart. */
async function stamp(timestamp: unknown, times: Float64Array, periodMs: number, slices: Slices): Promise<void> {
  const rows = times.length;
  if (Array.isArray(timestamp)) {
    if (timestamp.length !== rows) fail("MW_TIMESTAMP_INVALID", { field: "timestamp", got: show(timestamp) });
    for (let r = 0; r < rows; r++) {
      times[r] = parseTime(timestamp[r]);
      if (Number.isNaN(times[r]!)) refuseTime(timestamp[r], `timestamp[${r}]`);
      if (r % STRIDE === 0 && slices.due()) await slices.pause();
    }
    return;
  }
  const last = readTimestamp(timestamp);
  if (Number.isNaN(last) || !Number.isNaN(times[rows - 1]!) || (rows > 1 && !Number.isNaN(times[0]!))) return;
  times[rows - 1] = last;
  for (let r = 0; r < rows - 1 && periodMs > 0; r++) {
    times[r] = last - (rows - 1 - r) * periodMs;
    if (r % STRIDE === 0 && slices.due()) await slices.pause();
  }
}

/** Lines of a text, an upper bound of its records. */
async function countLines(text: string, slices: Slices): Promise<number> {
  const { newline } = csvFormat(text);
  let lines = 1;
  for (let at = text.indexOf(newline); at >= 0; at = text.indexOf(newline, at + 1)) {
    if (++lines % 256 === 0 && slices.due()) await slices.pause();
  }
  return lines;
}

function tooLarge(field: string, got: number, most: number): never {
  fail("MW_PAYLOAD_TOO_LARGE", { field, got: { en: `${got} rows`, zh: `${got} 行` }, expected: { en: `${most} rows`, zh: `${most} 行` } });
}
