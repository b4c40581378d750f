/** `msg.command`: what it may be, and what it takes from the message. */
import { fail, show, type Bilingual } from "../../errors.ts";
import { parseTime } from "../../message/time.ts";
import { FEEDBACK_KINDS, type FeedbackKind, type FeedbackTarget } from "../feedback.ts";

export const COMMANDS = ["train", "evaluate", "promote", "rollback", "reset", "cancel", "status", "feedback"] as const;
export type CommandName = (typeof COMMANDS)[number];

export function parseCommand(raw: unknown): CommandName {
  return COMMANDS.find((c) => c === raw) ?? fail("MW_COMMAND_UNKNOWN", { field: "command", expected: COMMANDS.join(", "), got: show(raw) });
}

/** The version that a promote asks for: msg.version, or a payload that is a whole number or {version}; undefined = the newest. */
export function parseVersion(version: unknown, payload: unknown): number | undefined {
  const inside = typeof payload === "object" && payload !== null && !Array.isArray(payload) ? (payload as { readonly version?: unknown }).version : undefined;
  const raw = version ?? inside;
  if (raw === undefined || raw === null || raw === "") return undefined;
  const number = typeof raw === "string" ? Number(raw) : raw;
  if (typeof number === "number" && Number.isSafeInteger(number) && number > 0) return number;
  return fail("MW_PAYLOAD_TYPE", { field: "version", expected: { en: "the number of a version", zh: "版本号" }, got: show(raw) });
}

const KIND: Bilingual = { en: FEEDBACK_KINDS.join(", "), zh: FEEDBACK_KINDS.join("、") };
const TARGET: Bilingual = { en: "the alarm's id, or a period {from, to} in ms or ISO 8601", zh: "报警的 id，或由毫秒或 ISO 8601 时间表示的时段 {from, to}" };

export interface FeedbackOrder {
  readonly kind: FeedbackKind;
  readonly target: FeedbackTarget;
}

/**
 * Feedback from msg.feedback or, when that is a word or missing, from the payload too: `{kind, id}` or `{kind, from, to}`; `msg.feedback =
 * "falseAlarm"` with the alarm event (or its id) as payload works as well.
 */
export function parseFeedback(feedback: unknown, payload: unknown): FeedbackOrder {
  const of = (v: unknown): Readonly<Record<string, unknown>> =>
    typeof v === "object" && v !== null && !Array.isArray(v) ? (v as Readonly<Record<string, unknown>>) : {};
  const [first, second] = [of(feedback), of(payload)];
  const word = typeof feedback === "string" ? feedback : (first["kind"] ?? second["kind"]);
  const kind = FEEDBACK_KINDS.find((k) => k === word) ?? fail("MW_FEEDBACK_INVALID", { field: "feedback.kind", expected: KIND, got: show(word) });
  const id = first["id"] ?? second["id"] ?? (typeof payload === "string" ? payload : undefined);
  if (typeof id === "string" && id !== "") return { kind, target: { id } };
  const [from, to] = [first["from"] ?? second["from"], first["to"] ?? second["to"]];
  if (from === undefined || to === undefined)
    return fail("MW_FEEDBACK_INVALID", { field: "feedback", expected: TARGET, got: show(Object.keys(first).length > 0 ? feedback : payload) });
  const [start, end] = [parseTime(from), parseTime(to)];
  if (!(start <= end)) return fail("MW_FEEDBACK_INVALID", { field: "feedback", expected: TARGET, got: show([from, to]) });
  return { kind, target: { from: start, to: end } };
}
