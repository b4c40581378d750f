/** Times as they come in messages and files. */
import { fail, show, type Detail } from "../errors.ts";

const LATEST = 8.64e15; // ms: the range of Date
const SECONDS_FROM = 1e8; // as seconds 1973, as ms the second day of 1970
const SECONDS_TO = 1e10; // as seconds 2286, as ms April 1970
const NUMBER = /^-?\d+(?:\.\d+)?$/;
// 2020-03-09 10:14:33, 2020-03-09T10:14:33.5Z, 2020-03-09T10:14+01:00
const ISO = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:\s?Z|[+-]\d\d:?\d\d)?)?$/i;
// 09.03.2020 10:14:33: the dots make the order of day and month certain; with slashes it is not, so those are refused
const DOTTED = /^(\d{1,2})\.(\d{1,2})\.(\d{4})(?:[ T](\d{1,2}):(\d\d)(?::(\d\d)(?:[.,](\d{1,3}))?)?)?$/;

/**
 * Milliseconds since 1970 of a number (ms), a text holding one, an ISO 8601 text, `DD.MM.YYYY HH:MM:SS`, a Date or a bigint; NaN for
 * everything else. A time without a zone is the machine's local time. A number that looks like seconds is refused, never converted; the small
 * numbers of simulated clocks are ms.
 */
export function parseTime(value: unknown): number {
  if (typeof value === "number") return value >= -LATEST && value <= LATEST && !(value >= SECONDS_FROM && value <= SECONDS_TO) ? value : NaN;
  if (typeof value === "string") return parseText(value.trim());
  if (value instanceof Date) return value.getTime();
  return typeof value === "bigint" ? parseTime(Number(value)) : NaN;
}

/** A number (or its text) between 1e8 and 1e10: of no use as ms since 1970, but seconds of these decades. */
export function looksLikeSeconds(value: unknown): boolean {
  const number = typeof value === "string" && NUMBER.test(value.trim()) ? Number(value) : typeof value === "bigint" ? Number(value) : value;
  return typeof number === "number" && number >= SECONDS_FROM && number <= SECONDS_TO;
}

/** `parseTime` of a row; NaN when it is unreadable. Throws MW_TIMESTAMP_INVALID for seconds: a whole record would lie in January 1970. */
export function readTime(value: unknown, field: Detail): number {
  const time = parseTime(value);
  return Number.isNaN(time) && looksLikeSeconds(value) ? refuseTime(value, field) : time;
}

/** Throws MW_TIMESTAMP_INVALID. */
export function refuseTime(value: unknown, field: Detail): never {
  return fail("MW_TIMESTAMP_INVALID", { field, got: showTime(value) });
}

/** `show`, saying so where the value looks like seconds. */
export function showTime(value: unknown): Detail {
  if (!looksLikeSeconds(value)) return show(value);
  return { en: `${String(value)}, which looks like seconds (multiply by 1000)`, zh: `${String(value)}，看起来是秒（请乘以 1000）` };
}

function parseText(text: string): number {
  if (NUMBER.test(text)) return parseTime(Number(text));
  if (ISO.test(text)) return Date.parse(isoForm(text));
  const d = DOTTED.exec(text);
  if (!d) return NaN;
  const [day, month] = [Number(d[1]), Number(d[2])];
  const time = new Date(Number(d[3]), month - 1, day, Number(d[4] ?? 0), Number(d[5] ?? 0), Number(d[6] ?? 0), Number((d[7] ?? "0").padEnd(3, "0")));
  return time.getMonth() === month - 1 && time.getDate() === day ? time.getTime() : NaN;
}

/** The one spelling that every engine parses alike; a date alone is local midnight, as the same date with a time would be. */
function isoForm(text: string): string {
  const iso = text
    .replace(" ", "T")
    .replace(",", ".")
    .replace(/\s/g, "")
    .replace(/([+-]\d\d)(\d\d)$/, "$1:$2")
    .toUpperCase();
  return iso.length === 10 ? `${iso}T00:00` : iso;
}
