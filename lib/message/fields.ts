/** Names in rows and CSV headers that hold the time or the label of a row, unless a signal has that name. */

export const TIME_FIELDS: readonly string[] = ["timestamp", "time", "datetime", "date", "ts"];
export const LABEL_FIELDS: readonly string[] = ["label", "labels", "anomaly", "is_anomaly"];

/** The first of `candidates` among `keys` (whatever the case) that is no signal's name. */
export function findField(candidates: readonly string[], keys: readonly string[], signals: ReadonlySet<string>): string | undefined {
  for (const candidate of candidates) {
    const key = keys.find((k) => k.trim().toLowerCase() === candidate);
    if (key !== undefined && !signals.has(key)) return key;
  }
  return undefined;
}
