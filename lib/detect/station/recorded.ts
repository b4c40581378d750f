/** The samples that the live stream has kept for learning, as a dataset. */
import type { Dataset } from "../../message/dataset.ts";
import { Slices } from "../../message/slices.ts";
import type { Live } from "./live.ts";

/** Undefined when nothing is kept. Copied in slices; throws the signal's reason once it is aborted. */
export async function recorded({ detector, signals }: Live, signal: AbortSignal): Promise<Dataset | undefined> {
  const chunks = detector.chunks();
  const rows = chunks.reduce((sum, c) => sum + c.times.length, 0);
  if (rows === 0) return undefined;
  const slices = new Slices(signal);
  const cols = signals.length;
  const data = new Float64Array(rows * cols);
  const times = new Float64Array(rows);
  let at = 0;
  for (const chunk of chunks) {
    if (slices.due()) await slices.pause();
    data.set(chunk.rows, at * cols);
    times.set(chunk.times, at);
    at += chunk.times.length;
  }
  const hasTimes = times.some((t) => !Number.isNaN(t));
  return { signals, x: { rows, cols, data }, times, hasTimes, usable: new Uint8Array(rows).fill(1), notes: [] };
}
