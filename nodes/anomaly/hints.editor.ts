/** Numbers under the fields of the dialog: what a setting means in samples and in time. */

const WEEK = 7 * 24 * 3600 * 1000; // ms
const UNITS = [
  ["day", 24 * 3600 * 1000],
  ["hour", 3600 * 1000],
  ["minute", 60 * 1000],
  ["second", 1000],
  ["millisecond", 1],
] as const;

/** A time in the largest unit that leaves at least one of it, e.g. "1.4 hr". */
export function span(ms: number, language: string): string {
  const [unit, size] = UNITS.find(([, s]) => ms >= s) ?? ["millisecond", 1];
  return new Intl.NumberFormat(language, { style: "unit", unit, maximumFractionDigits: 1 }).format(ms / size);
}

export const count = (value: number, language: string): string => new Intl.NumberFormat(language, { maximumSignificantDigits: 3 }).format(value);

export interface Target {
  /** Samples per false alarm. */
  readonly interval: number;
  /** Normal samples that it takes to promise that: the calibration extrapolates a tail of n samples to about n^2 / 40. */
  readonly needed: number;
}

export function target(perWeek: number, periodMs: number): Target {
  const interval = WEEK / (periodMs * perWeek);
  return { interval, needed: Math.sqrt(40 * interval) };
}
