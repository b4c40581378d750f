/** Signal sets: from the settings, from a sample, from a CSV header. Also used by the editor: no Node-RED and no Node in here. */
import { fail, show } from "../errors.ts";
import { csvFormat, readRecord } from "../message/csv.ts";
import { findField, LABEL_FIELDS, TIME_FIELDS } from "../message/fields.ts";
import { parseTime } from "../message/time.ts";
import { isWord, readText } from "../message/value.ts";
import { SIGNAL_KINDS, type SignalKind, type SignalSpec } from "./types.ts";

export const MAX_SIGNALS = 1024;
const MAX_NAME = 100; // characters

/** The list of signals of a config node. Throws MW_OPTION_REQUIRED when empty, MW_OPTION_INVALID naming the first bad entry. */
export function parseSignals(raw: unknown, field = "signals"): SignalSpec[] {
  if (!Array.isArray(raw)) return fail("MW_OPTION_INVALID", { field, expected: { en: "a list of signals", zh: "信号列表" }, got: show(raw) });
  if (raw.length === 0) return fail("MW_OPTION_REQUIRED", { field, expected: { en: "at least one signal", zh: "至少一个信号" } });
  if (raw.length > MAX_SIGNALS)
    return fail("MW_OPTION_INVALID", { field, expected: { en: `at most ${MAX_SIGNALS} signals`, zh: `最多 ${MAX_SIGNALS} 个信号` }, got: String(raw.length) });
  const seen = new Set<string>();
  return raw.map((entry: unknown, i) => {
    const spec = parseSignal(entry, `${field}[${i}]`);
    if (seen.has(spec.name))
      return fail("MW_OPTION_INVALID", {
        field: `${field}[${i}].name`,
        expected: { en: "a name that no other signal has", zh: "不与其他信号重复的名称" },
        got: show(spec.name),
      });
    seen.add(spec.name);
    return spec;
  });
}

function parseSignal(raw: unknown, field: string): SignalSpec {
  if (typeof raw !== "object" || raw === null || Array.isArray(raw))
    return fail("MW_OPTION_INVALID", {
      field,
      expected: { en: "a signal {name, unit, low, high, kind}", zh: "信号 {name, unit, low, high, kind}" },
      got: show(raw),
    });
  const { name, unit, low, high, kind } = raw as Readonly<Record<string, unknown>>;
  const trimmed = typeof name === "string" ? name.trim() : "";
  if (trimmed === "" || trimmed.length > MAX_NAME) {
    return fail("MW_OPTION_INVALID", {
      field: `${field}.name`,
      expected: { en: `a name of 1..${MAX_NAME} characters`, zh: `1..${MAX_NAME} 个字符的名称` },
      got: show(name),
    });
  }
  const at = `${field} (${trimmed})`;
  if (unit !== undefined && unit !== null && typeof unit !== "string")
    return fail("MW_OPTION_INVALID", { field: `${at}.unit`, expected: { en: "text", zh: "文本" }, got: show(unit) });
  const [lowest, highest] = [parseLimit(low, `${at}.low`), parseLimit(high, `${at}.high`)];
  if (lowest !== null && highest !== null && lowest >= highest) {
    return fail("MW_OPTION_INVALID", {
      field: `${at}.low`,
      expected: { en: `less than high (${highest})`, zh: `小于上限（${highest}）` },
      got: String(lowest),
    });
  }
  return { name: trimmed, unit: (unit ?? "").trim(), low: lowest, high: highest, kind: parseKind(kind, `${at}.kind`) };
}

function parseLimit(raw: unknown, field: string): number | null {
  if (raw === undefined || raw === null || raw === "") return null;
  const value = typeof raw === "string" ? readText(raw, "", true).value : raw;
  return typeof value === "number" && Number.isFinite(value)
    ? value
    : fail("MW_OPTION_INVALID", { field, expected: { en: "a number or nothing", zh: "数字或留空" }, got: show(raw) });
}

function parseKind(raw: unknown, field: string): SignalKind {
  if (raw === undefined || raw === null || raw === "") return "auto";
  return (
    SIGNAL_KINDS.find((k) => k === raw) ??
    fail("MW_OPTION_INVALID", { field, expected: { en: `one of ${SIGNAL_KINDS.join(", ")}`, zh: `${SIGNAL_KINDS.join("、")} 之一` }, got: show(raw) })
  );
}

/** "Temp [degC]" and "flow (m3/h)": name and unit; without brackets the unit is empty. */
export function splitUnit(header: string): { readonly name: string; readonly unit: string } {
  if (header.length > 2 * MAX_NAME) return { name: header.trim(), unit: "" }; // no name of ours: not worth the search
  const parts = /^(.*?\S)\s*(?:\[([^\]]*)\]|\(([^)]*)\))\s*$/.exec(header.trim());
  return parts ? { name: parts[1] ?? "", unit: (parts[2] ?? parts[3] ?? "").trim() } : { name: header.trim(), unit: "" };
}

function spec(name: string, unit = ""): SignalSpec {
  return { name, unit, low: null, high: null, kind: "auto" };
}

export interface Proposal {
  readonly signals: SignalSpec[];
  /** Fields that are no signals: times, labels, texts, objects. */
  readonly skipped: string[];
}

/**
 * The signals of one sample: every field that holds a number (or a boolean, or text with a number, whose unit is taken over). An array
 * gives s1, s2, ...; a single number gives `value`. Throws MW_PAYLOAD_TYPE when there is nothing to take.
 */
export function signalsFromSample(sample: unknown, field = "payload"): Proposal {
  if (typeof sample === "number" || typeof sample === "boolean") return { signals: [spec("value")], skipped: [] };
  if (typeof sample !== "object" || sample === null)
    return fail("MW_PAYLOAD_TYPE", {
      field,
      expected: { en: "a sample: an object of signals, an array of numbers or a number", zh: "一个样本：信号对象、数字数组或数字" },
      got: show(sample),
    });
  if (Array.isArray(sample) || (ArrayBuffer.isView(sample) && "length" in sample)) {
    const { length } = sample as ArrayLike<unknown>;
    if (length === 0 || length > MAX_SIGNALS)
      return fail("MW_PAYLOAD_TYPE", { field, expected: { en: `1..${MAX_SIGNALS} values`, zh: `1..${MAX_SIGNALS} 个值` }, got: show(sample) });
    return { signals: Array.from({ length }, (_, i) => spec(`s${i + 1}`)), skipped: [] };
  }
  const keys = Object.keys(sample);
  const time = findField(TIME_FIELDS, keys, new Set());
  const signals: SignalSpec[] = [];
  const skipped: string[] = [];
  for (const key of keys) {
    const unit = key === time || key.trim() === "" || key.length > MAX_NAME ? undefined : numericUnit((sample as Readonly<Record<string, unknown>>)[key]);
    if (unit === undefined || signals.length === MAX_SIGNALS) skipped.push(key);
    else signals.push(spec(key.trim(), unit || splitUnit(key).unit));
  }
  return signals.length > 0
    ? { signals, skipped }
    : fail("MW_PAYLOAD_TYPE", { field, expected: { en: "an object with at least one number", zh: "至少含一个数字的对象" }, got: show(sample) });
}

/** The unit of a value that can be a reading ("" = none given); undefined for what can't. */
function numericUnit(value: unknown): string | undefined {
  if (typeof value === "number" || typeof value === "boolean" || typeof value === "bigint") return "";
  if (typeof value !== "string") return undefined;
  const { note } = readText(value, "");
  if (note === "text-unit") return value.trim().replace(/^[\d\s.,+-]+(?:e[+-]?\d+)?\s*/i, "");
  return note === "text-number" && Number.isNaN(parseDate(value)) ? "" : undefined;
}

const parseDate = (text: string): number => (/^\d+(?:\.\d+)?$/.test(text.trim()) ? NaN : parseTime(text));

export interface HeaderProposal extends Proposal {
  readonly timeColumn?: string;
  readonly labelColumn?: string;
}

/**
 * The signals of a CSV header (the first line of `text`; a data line below it, if there is one, tells which columns hold no numbers). A unit in
 * brackets is taken off the name unless two names would become equal. Throws MW_DATASET_CSV when the line holds no names.
 */
export function signalsFromHeader(text: string): HeaderProposal {
  const format = csvFormat(text);
  const header: string[] = [];
  const data: string[] = [];
  const next = readRecord(text, format.start, format, header);
  if (next >= 0) readRecord(text, next, format, data);
  const names = header.map((h) => h.trim());
  if (next < 0 || !names.some((n) => n !== "" && isWord(n))) {
    return fail("MW_DATASET_CSV", { row: 1, expected: { en: "a line of signal names", zh: "一行信号名称" }, got: show(text.slice(0, 80)) });
  }
  const timeColumn = findField(TIME_FIELDS, names, new Set());
  const labelColumn = findField(LABEL_FIELDS, names, new Set());
  const plain = names.map((n) => splitUnit(n).name);
  const [first, last] = [new Map<string, number>(), new Map<string, number>()]; // column of each bare name
  plain.forEach((name, i) => {
    if (!first.has(name)) first.set(name, i);
    last.set(name, i);
  });
  const seen = new Set<string>();
  const signals: SignalSpec[] = [];
  const skipped: string[] = [];
  names.forEach((name, i) => {
    const cell = data.length === names.length ? readText(data[i] ?? "", "", format.decimalComma) : undefined;
    const usable = name !== "" && name.length <= MAX_NAME && name !== timeColumn && name !== labelColumn && cell?.note !== "not-a-number";
    const unique = first.get(plain[i] ?? "") === last.get(plain[i] ?? "");
    if (usable && !seen.has(name) && signals.length < MAX_SIGNALS) signals.push(spec(unique ? (plain[i] ?? name) : name, splitUnit(name).unit));
    else if (name !== "") skipped.push(name);
    seen.add(name);
  });
  if (signals.length === 0)
    return fail("MW_DATASET_CSV", { row: 1, expected: { en: "at least one column of numbers", zh: "至少一列数字" }, got: show(text.slice(0, 80)) });
  return { signals, skipped, ...(timeColumn === undefined ? {} : { timeColumn }), ...(labelColumn === undefined ? {} : { labelColumn }) };
}
