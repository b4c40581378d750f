/** Filling a list of signals from a sample or a header without losing what was set by hand. */
import type { SignalSpec } from "./types.ts";

export interface Merged {
  readonly signals: readonly SignalSpec[];
  readonly added: number;
  readonly known: number;
  /** Names of the list that the proposal lacks. */
  readonly absent: readonly string[];
}

/** The order of the proposal; signals already there keep their settings (an empty unit is filled), those that are not proposed stay, at the end. */
export function mergeSignals(present: readonly SignalSpec[], proposed: readonly SignalSpec[]): Merged {
  const mine = new Map(present.filter((s) => s.name !== "").map((s) => [s.name, s]));
  const names = new Set(proposed.map((s) => s.name));
  const absent = [...mine.values()].filter((s) => !names.has(s.name));
  const taken = proposed.map((s) => {
    const own = mine.get(s.name);
    return own === undefined ? s : { ...own, unit: own.unit || s.unit };
  });
  const known = proposed.filter((s) => mine.has(s.name)).length;
  return { signals: [...taken, ...absent], added: proposed.length - known, known, absent: absent.map((s) => s.name) };
}
