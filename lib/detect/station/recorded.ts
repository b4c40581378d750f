/** The samples that the live stream has kept for learning, as a dataset. */
import type { Dataset } from "../../message/dataset.ts";
import type { Live } from "./live.ts";

/** Undefined when nothing is kept. */
export function recorded({ detector, signals }: Live): Dataset | undefined {
  const { chunks } = detector.save().buffer;
  const rows = chunks.reduce((sum, c) => sum + c.times.length, 0);
  if (rows === 0) return undefined;
  const cols = signals.length;
  const data = new Float64Array(rows * cols);
  const times = new Float64Array(rows);
  let at = 0;
  for (const chunk of chunks) {
    data.set(chunk.rows, at * cols);
    times.set(chunk.times, at);
    at += chunk.times.length;
  }
  return { signals, x: { rows, cols, data }, times, hasTimes: true, usable: new Uint8Array(rows).fill(1), notes: [] };
}
