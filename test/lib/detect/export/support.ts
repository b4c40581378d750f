/** Data and comparisons for the exporters' tests. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import type { Matrix, Method, TrainingSet } from "../../../../lib/detect/types.ts";

/** Seeded uniform numbers in [0, 1) (xorshift32). */
export function uniform(seed: number): () => number {
  let s = seed | 1;
  return () => {
    s ^= s << 13;
    s ^= s >>> 17;
    s ^= s << 5;
    return (s >>> 0) / 2 ** 32;
  };
}

/** Correlated, autocorrelated signals on very different levels, some rows [rows, cols]. */
export function plant(rows: number, cols: number, seed: number): Matrix {
  const next = uniform(seed);
  const data = new Float64Array(rows * cols);
  const state = new Float64Array(cols);
  for (let r = 0; r < rows; r++) {
    const load = Math.sin(r / 37) + 0.3 * Math.sin(r / 5);
    for (let c = 0; c < cols; c++) {
      state[c] = 0.8 * state[c]! + (next() + next() + next() - 1.5);
      data[r * cols + c] = 10 ** (c % 5) * (20 + (c % 3) * load + 0.4 * state[c]!);
    }
  }
  return { rows, cols, data };
}

export const whole = (x: Matrix): TrainingSet => ({ x, starts: [0] });
export const rowsOf = (x: Matrix, from: number, to: number): Matrix => ({ rows: to - from, cols: x.cols, data: x.data.slice(from * x.cols, to * x.cols) });

/** Raw score [rows] and shares [rows, cols] of every row, by the model as it was trained: nothing is learned on top. */
export function streamScores<P extends object>(method: Method<P>, p: P, x: Matrix): { scores: Float64Array; shares: Float64Array } {
  const stream = method.stream(p);
  const shares = new Float64Array(x.rows * x.cols);
  const scores = Float64Array.from({ length: x.rows }, (_, r) => {
    const score = stream.push(x.data.subarray(r * x.cols, (r + 1) * x.cols));
    stream.shares(shares.subarray(r * x.cols, (r + 1) * x.cols));
    return score;
  });
  return { scores, shares };
}

/** |a - b| relative to the larger; scores below `least` count as equally quiet. */
export const difference = (a: number, b: number, least = 1e-3): number => Math.abs(a - b) / Math.max(Math.abs(a), Math.abs(b), least);

const DATA = new URL("../../../../../shared/data/skab/", import.meta.url);

/** The first real recordings (SKAB: a water rig, 8 sensors, one sample per second); undefined where the data set is not at hand. */
export function recordings(most: number): Matrix[] | undefined {
  if (!existsSync(DATA)) return undefined;
  const files = readdirSync(DATA).filter((f) => /^valve.*\.csv\.gz$/.test(f)).sort(); // prettier-ignore
  return files.slice(0, most).map((f) => {
    const lines = gunzipSync(readFileSync(new URL(f, DATA))).toString().trim().split("\n").slice(1); // prettier-ignore
    const cells = lines.map((line) => line.split(",").slice(1, 9).map(Number)); // prettier-ignore
    return { rows: cells.length, cols: 8, data: Float64Array.from(cells.flat()) };
  });
}
export const NO_DATA = `no recordings at ${fileURLToPath(DATA)}`;
