/** What says that rows are not normal: labels and excluded periods. */
import { fail, show, type Bilingual, type Detail } from "../errors.ts";
import { looksLikeSeconds, parseTime, showTime } from "./time.ts";

/** -1 = not said, 0 = normal, 1 = anomalous. */
export type Label = -1 | 0 | 1;

const LABEL: Bilingual = { en: "0, 1, true, false or nothing in each row", zh: "每行为 0、1、true、false 或空" };
const PERIODS: Bilingual = { en: "a list of periods [from, to] in ms or ISO 8601", zh: "由毫秒或 ISO 8601 时间组成的时段列表 [from, to]" };

/** One label. Throws MW_DATASET_LABELS for what is none. */
export function parseLabel(value: unknown, field: string): Label {
  if (value === undefined || value === null || value === "") return -1;
  const text = typeof value === "string" ? value.trim().toLowerCase() : value;
  if (text === 0 || text === false || text === "0" || text === "0.0" || text === "false") return 0;
  if (text === 1 || text === true || text === "1" || text === "1.0" || text === "true") return 1;
  return fail("MW_DATASET_LABELS", { field, expected: LABEL, got: show(value) });
}

/** msg.labels: one label per row. Throws MW_DATASET_LABELS when it is no such list. */
export function checkLabels(labels: unknown, rows: number): ArrayLike<unknown> | undefined {
  if (labels === undefined || labels === null) return undefined;
  const list = Array.isArray(labels) || (ArrayBuffer.isView(labels) && "length" in labels) ? (labels as ArrayLike<unknown>) : undefined;
  if (list?.length === rows) return list;
  return fail("MW_DATASET_LABELS", {
    field: "labels",
    expected: { en: `a list of ${rows} labels, one per row`, zh: `${rows} 个标签的列表，每行一个` },
    got: show(labels),
  });
}

/** Excluded periods in ms, merged and in order: `[from0, to0, from1, to1, ...]`, both ends included. Throws MW_DATASET_LABELS. */
export function parsePeriods(raw: unknown, field = "exclude"): Float64Array {
  if (raw === undefined || raw === null) return new Float64Array(0);
  if (!Array.isArray(raw)) return fail("MW_DATASET_LABELS", { field, expected: PERIODS, got: show(raw) });
  const periods = raw.map((entry: unknown) => parsePeriod(entry, field)).sort((a, b) => a[0] - b[0]);
  const merged: number[] = [];
  for (const [from, to] of periods) {
    if (merged.length > 0 && from <= merged.at(-1)!) merged[merged.length - 1] = Math.max(merged.at(-1)!, to);
    else merged.push(from, to);
  }
  return Float64Array.from(merged);
}

function parsePeriod(entry: unknown, field: string): [from: number, to: number] {
  const pair: readonly unknown[] = Array.isArray(entry) ? entry : typeof entry === "object" && entry !== null ? fromTo(entry) : [];
  const [from, to] = [parseTime(pair[0]), parseTime(pair[1])];
  if (pair.length !== 2 || !(from <= to)) return fail("MW_DATASET_LABELS", { field, expected: PERIODS, got: showPeriod(entry, pair) });
  return [from, to];
}

function showPeriod(entry: unknown, pair: readonly unknown[]): Detail {
  const bound = pair.find(looksLikeSeconds);
  return bound === undefined ? show(entry) : showTime(bound);
}

function fromTo(entry: object): readonly unknown[] {
  const { from, to } = entry as { readonly from?: unknown; readonly to?: unknown };
  return [from, to];
}

/** True when `time` lies in one of the `periods` of `parsePeriods`. */
export function within(periods: Float64Array, time: number): boolean {
  let low = 0;
  let high = periods.length / 2;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (periods[2 * middle + 1]! < time) low = middle + 1;
    else high = middle;
  }
  return 2 * low < periods.length && periods[2 * low]! <= time;
}
