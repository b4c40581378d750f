/** Pieces of graph that several methods are made of. */
import type { GraphBuilder, Value } from "../../engine/graph/builder.ts";
import { CLIP, reach } from "../methods/mahalanobis.ts";

/** The last `n` of `x` on the first axis. */
export const last = (g: GraphBuilder, x: Value, n: number): Value => (x.shape[0] === n ? x : g.slice(x, 0, -n, Number(x.shape[0])));

/** clip((x - centre) / scale), row by row. */
export const standardised = (g: GraphBuilder, x: Value, centre: Value, scale: Value, clip = CLIP): Value => g.clip(g.div(g.sub(x, centre), scale), -clip, clip);

/**
 * EWMA of rate `a` over the rows of x [L, ...], at each of the last `steps` rows: K x with K[s, l] = (1 - a)^(t_s - l) / sum of these, t_s = L -
 * steps + s, over the `reach` last rows. The graph holds the rule and not the matrix.
 */
export function ewma(g: GraphBuilder, x: Value, a: number, steps: number): Value {
  const rows = Number(x.shape[0]);
  if (a >= 1) return last(g, x, steps);
  const far = reach(a);
  const t = Array.from({ length: steps }, (_, s) => rows - steps + s);
  const lag = g.sub(g.floats(t, [steps, 1]), g.floats(Array.from({ length: rows }, (_, l) => l), [1, rows])); // prettier-ignore
  const within = g.op("And", [g.op("GreaterOrEqual", [lag, 0]), g.less(lag, far)]);
  const weights = g.where(within, g.exp(g.mul(g.max(lag, 0), Math.log1p(-a))), 0);
  const kernel = g.mul(weights, a / (1 - (1 - a) ** far));
  return x.shape.length === 1 ? g.squeeze(g.matmul(kernel, g.unsqueeze(x, 1)), 1) : g.matmul(kernel, x);
}

/** The sum of values of one shape. */
export const sum = (g: GraphBuilder, values: readonly Value[]): Value => values.reduce((a, b) => g.add(a, b));
