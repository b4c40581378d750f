/** Mahalanobis, PCA and VAR as graphs: all end in the multi-timescale distance (methods/mahalanobis.ts). */
import type { GraphBuilder, Value } from "../../engine/graph/builder.ts";
import { FLOOR, reach, type MahalanobisParams, type Scales } from "../methods/mahalanobis.ts";
import type { VarParams } from "../methods/var.ts";
import { ewma, last, standardised, sum } from "./blocks.ts";
import type { Export, Scored, Weights } from "./weights.ts";

/**
 * score_t = exp(0.5 EWMA_s(log(max(FLOOR, mean_a d2_a / q_a)))),  d2_a = (e_a - m_a)' A_a (e_a - m_a),  e_a = EWMA_a(z)
 * part_c = EWMA_s(sum_a max(0, e_c (A e)_c) / q_a),  z [rows, n]
 */
function scalesScore(g: GraphBuilder, w: Weights, z: Value, p: Scales, steps: number): Scored {
  const n = Number(z.shape[1]);
  const logs = reach(p.smooth) + steps - 1;
  const terms = p.rates.map((a, k) => {
    const e = g.sub(ewma(g, z, a, logs), w.of(p.centre[k]!, [n]));
    return g.div(g.mul(e, g.matmul(e, w.of(p.precision[k]!, [n, n]))), p.scale[k]!); // [logs, n]
  });
  const mean = g.div(sum(g, terms.map((t) => g.max(g.reduceSum(t, [1]), 0))), p.rates.length); // prettier-ignore
  const log = ewma(g, g.log(g.max(mean, FLOOR)), p.smooth, steps);
  const parts = sum(g, terms.map((t) => g.max(t, 0))); // prettier-ignore
  return { score: g.exp(g.mul(log, 0.5)), parts: g.squeeze(ewma(g, parts, p.smooth, 1), 0) };
}

export function exportMahalanobis({ g, w, x, steps }: Export, p: MahalanobisParams): Scored {
  return scalesScore(g, w, standardised(g, x, w.of(p.mean), w.of(p.std)), p.scales, steps);
}

/** r_t = z_t - (b + sum_l B_l z_{t-l}): the lags side by side, newest first, times B'. */
export function exportVar({ g, w, x, steps }: Export, p: VarParams): Scored {
  const n = p.mean.length,
    width = p.order * n,
    rows = Number(x.shape[0]);
  const z = standardised(g, x, w.of(p.mean), w.of(p.std));
  const lags = Array.from({ length: p.order }, (_, i) => g.slice(z, 0, p.order - 1 - i, rows - 1 - i));
  const coefficients = g.transpose(w.of(p.coefficients, [n, width + 1]));
  const expected = g.add(g.matmul(g.concat(lags, 1), g.slice(coefficients, 0, 0, width)), g.slice(coefficients, 0, width, width + 1));
  const residual = g.sub(last(g, z, rows - p.order), expected);
  return scalesScore(g, w, residual, p.scales, steps);
}
