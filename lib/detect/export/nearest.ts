/**
 * The pattern method as a graph, with the library as it was trained (methods/nearest/library.ts): what a stream learns on top is its state, not
 * the model's.
 */
import type { GraphBuilder, Value } from "../../engine/graph/builder.ts";
import type { NearestParams } from "../methods/nearest.ts";
import { CLIP } from "../methods/nearest/params.ts";
import { standardised } from "./blocks.ts";
import type { Export, Scored, Weights } from "./weights.ts";

/** Scores the last `steps` samples one after the other. */
export function exportNearest({ g, w, x, steps }: Export, p: NearestParams): Scored {
  const rows = Number(x.shape[0]);
  // a length of which the library holds no whole window has no say
  const lengths = Array.from(p.windows, (_, k) => k).filter((k) => p.run.some((r) => r > p.windows[k]!));
  if (lengths.length === 0) return { score: g.floats(new Float64Array(steps)), parts: g.floats(new Float64Array(p.signals)) };
  const z = standardised(g, g.gather(x, w.of(p.columns), 1), w.of(p.center), w.of(p.scale), CLIP);
  const scores = Array.from({ length: steps }, (_, s) => scoreAt(g, w, z, rows - steps + s, p, lengths));
  return { score: steps === 1 ? scores[0]!.score : g.concat(scores.map((s) => s.score), 0), parts: scores.at(-1)!.parts() }; // prettier-ignore
}

/**
 * score = exp(mean over w of ln(1 + d_w / (q_w + floor))) - 1;  d_w^2 = min over j of sum_{i<w} ||z_{t-i} - y_{j-i}||^2 / (w channels)
 *
 * D[i, j] = ||z_{t-i} - y_j||^2 by one matrix product; shifting row i right by i puts the terms of one j under each other; the windows' sums are then
 * a product with zeros and ones. The parts are those of the squared distance at the length whose ratio stands out most.
 */
function scoreAt(g: GraphBuilder, w: Weights, z: Value, t: number, p: NearestParams, lengths: readonly number[]): { score: Value; parts: () => Value } {
  const channels = p.columns.length;
  const n = p.rows;
  const windows = lengths.map((k) => p.windows[k]!);
  const longest = Math.max(...windows);

  const y = w.of(p.library, [channels, n]);
  const recent = g.slice(z, 0, t, t - longest - Number(z.shape[0]), -1); // newest first
  const squares = g.add(g.reduceSum(g.mul(recent, recent), [1], true), g.reduceSum(g.mul(y, y), [0], true));
  const d = g.sub(squares, g.mul(g.matmul(recent, y), 2));

  // rows of n + longest read as rows of one less: row i moves right by i, over zeros
  const wide = n + longest;
  const flat = g.reshape(g.pad(d, 1, 0, longest), [longest * wide]);
  const shifted = g.slice(g.reshape(g.slice(flat, 0, 0, longest * (wide - 1)), [longest, wide - 1]), 1, 0, n);
  const column = g.floats(windows, [windows.length, 1]);
  const member = g.cast(g.less(g.floats(Array.from({ length: longest }, (_, i) => i), [1, longest]), column), "float64"); // prettier-ignore
  const sums = g.matmul(member, shifted); // [windows, n]

  const whole = g.greater(g.reshape(g.cast(w.of(p.run), "float64"), [1, n]), column);
  const candidates = g.where(whole, sums, Infinity);
  const least = g.max(g.reduceMin(candidates, [1]), 0);
  const distance = g.sqrt(g.div(least, g.floats(windows.map((v) => v * channels))));
  const quantile = g.gather(w.of(p.quantiles), g.ints(lengths));
  const ratio = g.div(distance, g.add(quantile, p.floor));
  const score = g.sub(g.exp(g.reduceMean(g.log(g.add(ratio, 1)), [0], true)), 1);

  const parts = (): Value => {
    const widest = g.op("ArgMax", [ratio]); // [1], as are `end` and `length`
    const end = g.gather(g.argMin(candidates, 1), widest);
    const length = g.gather(g.ints(windows), widest);
    const back = g.ints(Array.from({ length: longest }, (_, i) => i));
    const match = g.gather(y, g.max(g.sub(end, back), 0), 1); // [channels, longest], newest first
    const e = g.where(g.less(back, length), g.sub(g.transpose(recent), match), 0);
    const seen = g.concat([g.reduceSum(g.mul(e, e), [1]), g.floats([0])], 0);
    return g.gather(seen, g.ints(Array.from({ length: p.signals }, (_, c) => (p.columns.includes(c) ? p.columns.indexOf(c) : channels))));
  };
  return { score, parts };
}
