/** One cell of a sample that is not simply a number: what an engineer means by it. */
import { sameUnit } from "../signals/units.ts";

export const READ_OK = 0;
export const READ_MISSING = 1;
export const READ_NAN = 2;
export const READ_UNIT = 3;

/** `note`: what has to be said about the reading ("" = nothing). */
export interface TextReading {
  readonly value: number;
  readonly reason: typeof READ_OK | typeof READ_MISSING | typeof READ_NAN | typeof READ_UNIT;
  readonly note: "" | "text-number" | "text-unit" | "unit-other" | "not-a-number";
}

const MISSING: TextReading = { value: NaN, reason: READ_MISSING, note: "" };
const NOT_A_NUMBER: TextReading = { value: NaN, reason: READ_NAN, note: "not-a-number" };
const OTHER_UNIT: TextReading = { value: NaN, reason: READ_UNIT, note: "unit-other" };

const ABSENT = new Set(["", "-", "--", "null", "none", "na", "n/a", "undefined", "#n/a"]);
const QUALITY = new Set(["nan", "bad"]); // there is a reading, and it is none
const WORDS: Readonly<Record<string, number>> = { true: 1, false: 0, on: 1, off: 0 };
const LONGEST = 100; // characters: no number is longer, and what is done with a text stays in proportion
const PLAIN = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/i;
const COMMA = /^[+-]?(?:\d{1,3}(?:\.\d{3})+|\d+),\d+$/; // 71,2 and 1.234,5
const POINT = /^[+-]?\d{1,3}(?:,\d{3})+\.\d+$/; // 1,234.5
const AMBIGUOUS = /^[+-]?\d{1,3}(?:,\d{3})+$/; // 1,234: one and a bit, or one thousand and some?
const WITH_UNIT = /^([+-]?[\d.,]+(?:e[+-]?\d+)?)\s*([\p{L}%‰°º℃℉"'].{0,15})$/iu;
const NO_UNIT = /^[xob][\da-f]+$/i; // the rest of 0x1F, 0b01

/**
 * A number from text: "71.2", "71,2", "71.2 degC" (when `unit` is that unit or empty), "true"/"on" = 1, "false"/"off" = 0; "", "n/a"
 * and the like are missing; "NaN" and "Bad" are not numbers. "1,234" is not a number unless `decimalComma` says what the comma means; a value in another unit than
 * the signal's is refused, never converted in silence.
 */
export function readText(raw: string, unit: string, decimalComma = false): TextReading {
  const text = raw.trim();
  if (text.length > LONGEST) return NOT_A_NUMBER;
  if (PLAIN.test(text)) return reading(Number(text), "text-number");
  const lower = text.toLowerCase();
  if (ABSENT.has(lower)) return MISSING;
  const word = Object.hasOwn(WORDS, lower) ? WORDS[lower] : undefined;
  if (word !== undefined) return reading(word, "text-number");
  const value = commaNumber(text, decimalComma);
  if (!Number.isNaN(value)) return reading(value, "text-number");
  const parts = WITH_UNIT.exec(text);
  if (!parts || NO_UNIT.test(parts[2] ?? "")) return NOT_A_NUMBER;
  const [, digits = "", given = ""] = parts;
  const amount = PLAIN.test(digits) ? Number(digits) : commaNumber(digits, decimalComma);
  if (Number.isNaN(amount)) return NOT_A_NUMBER;
  if (unit === "") return reading(amount, "text-unit");
  return sameUnit(unit, given) ? reading(amount, "text-number") : OTHER_UNIT;
}

/** Text that no reading can be: the name of a column, not a cell below it. */
export function isWord(text: string): boolean {
  const { reason } = readText(text, "", true);
  return reason === READ_NAN && !QUALITY.has(text.trim().toLowerCase());
}

function commaNumber(text: string, decimalComma: boolean): number {
  if (POINT.test(text)) return Number(text.replace(/,/g, ""));
  if (!COMMA.test(text) || (!decimalComma && AMBIGUOUS.test(text))) return NaN;
  return Number(text.replace(/\./g, "").replace(",", "."));
}

function reading(value: number, note: TextReading["note"]): TextReading {
  return Number.isFinite(value) ? { value, reason: READ_OK, note } : NOT_A_NUMBER;
}
