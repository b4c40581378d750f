/** Times as they come in messages and files. */

const LATEST = 8.64e15; // ms: the range of Date
// 2020-03-09 10:14:33, 2020-03-09T10:14:33.5Z, 2020-03-09T10:14+01:00
const ISO = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:\s?Z|[+-]\d\d:?\d\d)?)?$/i;
// 09.03.2020 10:14:33: the dots make the order of day and month certain; with slashes it is not, so those are refused
const DOTTED = /^(\d{1,2})\.(\d{1,2})\.(\d{4})(?:[ T](\d{1,2}):(\d\d)(?::(\d\d)(?:[.,](\d{1,3}))?)?)?$/;

/**
 * Milliseconds since 1970 of a number (ms), a text holding one, an ISO 8601 text, `DD.MM.YYYY HH:MM:SS`, a Date or a bigint; NaN for
 * everything else. A time without a zone is the machine's local time. Seconds are not guessed: 1700000000 is a day in January 1970.
 */
export function parseTime(value: unknown): number {
  if (typeof value === "number") return value >= -LATEST && value <= LATEST ? value : NaN;
  if (typeof value === "string") return parseText(value.trim());
  if (value instanceof Date) return value.getTime();
  return typeof value === "bigint" ? parseTime(Number(value)) : NaN;
}

function parseText(text: string): number {
  if (/^-?\d+(?:\.\d+)?$/.test(text)) return parseTime(Number(text));
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
