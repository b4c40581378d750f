/** What the engineer says about an alarm moves the limit, never by more than what it takes and within stated bounds. */
import { fail } from "../errors.ts";
import type { Watcher } from "./watcher.ts";

export const FEEDBACK_KINDS = ["falseAlarm", "missed", "confirmed"] as const;
export type FeedbackKind = (typeof FEEDBACK_KINDS)[number];

/** An alarm by its id, or a period in ms (inclusive). */
export interface FeedbackTarget {
  readonly id?: string;
  readonly from?: number;
  readonly to?: number;
}

export interface Feedback {
  readonly kind: FeedbackKind;
  readonly id: string;
  readonly from: number;
  readonly to: number;
  /** Highest score of the period, relative to the limit before. */
  readonly peak: number;
  /** Limit now over the limit that the model was calibrated with. */
  readonly limitBefore: number;
  readonly limitAfter: number;
  /** False when the wanted limit lay outside the bounds: another method or more data is needed. */
  readonly reached: boolean;
}

/** A wrongly alarmed peak ends up this far below the limit, a missed one this far above. */
const MARGIN = 1.05;
/** All feedback together moves the limit at most this far from the calibrated one. */
const HIGHEST = 10;
const LOWEST = 0.5;

export function applyFeedback(watcher: Watcher, kind: FeedbackKind, target: FeedbackTarget): Feedback {
  const record = target.id === undefined ? undefined : watcher.log.find(target.id);
  if (target.id !== undefined && !record)
    fail("MW_FEEDBACK_INVALID", { field: "payload.id", expected: "the id of one of the last 200 alarms", got: JSON.stringify(target.id) });
  const from = record?.start ?? target.from;
  const to = record ? (Number.isNaN(record.end) ? Infinity : record.end) : target.to;
  if (from === undefined || to === undefined || !(from <= to))
    fail("MW_FEEDBACK_INVALID", { field: "payload", expected: "an alarm's id, or from and to in ms with from <= to", got: JSON.stringify(target) });
  // what was said of this alarm before is taken back first
  if (record && record.moved !== 1) {
    watcher.moveLimit(1 / record.moved);
    record.moved = 1;
  }
  const peak = record ? record.peak : watcher.highest(from, to);
  if (Number.isNaN(peak))
    fail("MW_FEEDBACK_INVALID", { field: "payload.from", expected: "a period among the last judged samples", got: JSON.stringify(target) });
  const before = watcher.limitFactor;
  const wanted = kind === "falseAlarm" ? Math.max(before, before * peak * MARGIN) : kind === "missed" ? Math.min(before, (before * peak) / MARGIN) : before;
  const after = Math.min(Math.max(wanted, LOWEST), HIGHEST);
  watcher.moveLimit(after / before);
  if (record) record.moved = after / before;
  if (record) record.verdict = kind === "missed" ? record.verdict : kind;
  watcher.alarm.forgive();
  if (kind !== "falseAlarm") watcher.forget(from, to);
  if (kind === "falseAlarm" && record !== undefined && record === watcher.log.current) watcher.alarm.dismiss();
  return { kind, id: record?.id ?? "", from, to, peak, limitBefore: before, limitAfter: after, reached: after === wanted };
}
