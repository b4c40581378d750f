/** The whole detector as a graph: raw samples of all signals in, score relative to the limit out (fused.ts). */
import type { GraphBuilder } from "../../engine/graph/builder.ts";
import { METHODS } from "../methods.ts";
import type { DetectorModel, Member } from "../model.ts";
import { QUIET } from "../fused.ts";
import type { ForestParams } from "../methods/forest.ts";
import { reach, type MahalanobisParams } from "../methods/mahalanobis.ts";
import type { NearestParams } from "../methods/nearest.ts";
import type { RobustParams } from "../methods/robust.ts";
import type { VarParams } from "../methods/var.ts";
import type { MethodName } from "../types.ts";
import { ewma, last, sum } from "./blocks.ts";
import { exportForest } from "./forest.ts";
import { exportNearest } from "./nearest.ts";
import { exportRobust } from "./robust.ts";
import { exportMahalanobis, exportVar } from "./scales.ts";
import type { Export, Scored, Weights } from "./weights.ts";

/** The compiler proves the table complete; name and parameters come from the same fit. */
export const EXPORTERS: { readonly [N in MethodName]: (e: Export, params: object) => Scored } = {
  mahalanobis: (e, p) => exportMahalanobis(e, p as MahalanobisParams),
  pca: (e, p) => exportMahalanobis(e, p as MahalanobisParams),
  var: (e, p) => exportVar(e, p as VarParams),
  robust: (e, p) => exportRobust(e, p as RobustParams),
  forest: (e, p) => exportForest(e, p as ForestParams),
  nearest: (e, p) => exportNearest(e, p as NearestParams),
};

const scored = (smoothing: number): number => (smoothing >= 1 ? 1 : reach(smoothing));
const windowOf = (m: Member): number => METHODS[m.method].window(m.params);

/** Samples that the graph takes: enough for the slowest member, at every sample that the smoothing still weighs. */
export const graphWindow = (model: DetectorModel): number => Math.max(model.window, ...model.members.map((m) => windowOf(m) + scored(model.smoothing) - 1));

/**
 * Adds input `window` float64 [graphWindow, signals] and the outputs
 *   score float64 [1] = exp(EWMA(sum_m weight_m ln(max(QUIET, raw_m / scale_m)))) / limit
 *   contributions float64 [signals] = score sum_m weight_m share_m, 0 for signals that the methods do not see; their sum is the score
 */
export function buildDetector(g: GraphBuilder, w: Weights, model: DetectorModel): void {
  const window = g.input("window", "float64", [graphWindow(model), model.signals.length]);
  const x = g.gather(window, g.ints(model.columns), 1);
  const steps = scored(model.smoothing);
  const members = model.members.map((m, i) =>
    g.scope(`${m.method}_${i}`, () => {
      const { score, parts } = EXPORTERS[m.method]({ g, w, x: last(g, x, windowOf(m) + steps - 1), steps }, m.params);
      const total = g.reduceSum(parts, [0], true);
      const share = g.where(g.greater(total, 0), g.div(parts, total), 1 / model.columns.length);
      return { log: g.mul(g.log(g.max(g.div(score, m.scale), QUIET)), m.weight), share: g.mul(share, m.weight) };
    }),
  );
  const log = ewma(g, sum(g, members.map((m) => m.log)), model.smoothing, 1); // prettier-ignore
  const score = g.div(g.exp(log), model.limit);
  const seen = g.concat([g.mul(sum(g, members.map((m) => m.share)), score), g.floats([0])], 0); // prettier-ignore
  const places = model.signals.map((_, i) => (model.columns.includes(i) ? model.columns.indexOf(i) : model.columns.length));
  g.output("score", score);
  g.output("contributions", g.gather(seen, g.ints(places)));
}
