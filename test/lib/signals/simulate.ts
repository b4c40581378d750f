/** Seeded data for the health tests. */
import { learnHealth } from "../../../lib/signals/learn.ts";
import type { LearnedHealth, SignalSet, SignalSpec } from "../../../lib/signals/types.ts";

/** mulberry32: uniform in [0, 1). */
export function uniform(seed: number): () => number {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), a | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function gauss(random: () => number): () => number {
  return () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

export const spec = (name: string, more: Partial<SignalSpec> = {}): SignalSpec => ({ name, unit: "", low: null, high: null, kind: "auto", ...more });

/** Learns one signal from `count` values of `next`, one per second. */
export function learnOne(
  signal: SignalSpec,
  count: number,
  next: (i: number) => number,
  periodMs = 0,
): { set: SignalSet; learned: LearnedHealth; values: number[] } {
  const set = { signals: [signal], periodMs };
  const values = Array.from({ length: count }, (_, i) => next(i));
  const times = Float64Array.from({ length: count }, (_, i) => i * 1000);
  return { set, values, learned: learnHealth({ rows: count, cols: 1, data: Float64Array.from(values) }, times, set) };
}
