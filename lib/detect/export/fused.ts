/** The whole detector as a graph: raw samples of all signals in, score relative to the limit out (fused.ts). */
import type { GraphBuilder, Value } from "../../engine/graph/builder.ts";
import { METHODS } from "../methods.ts";
import type { DetectorModel, Member } from "../model.ts";
import { QUIET } from "../fused.ts";
import type { ForestParams } from "../methods/forest.ts";
import { reach, type MahalanobisParams } from "../methods/mahalanobis.ts";
import type { NearestParams } from "../methods/nearest.ts";
import type { RobustParams } from "../methods/robust.ts";
import type { VarParams } from "../methods/var.ts";
import type { MethodName } from "../types.ts";
import { ewma, last } from "./blocks.ts";
import { exportForest } from "./forest.ts";
import { exportNearest } from "./nearest.ts";
import { exportRobust } from "./robust.ts";
import { exportMahalanobis, exportVar } from "./scales.ts";
import type { Export, Weights } from "./weights.ts";

/** Raw score of the last `steps` samples, [steps]. The compiler proves the table complete; name and parameters come from the same fit. */
export const EXPORTERS: { readonly [N in MethodName]: (e: Export, params: object) => Value } = {
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
 * Adds input `window` float64 [graphWindow, signals] and output `score` float64 [1]:
 * exp(EWMA(sum_m weight_m ln(max(QUIET, raw_m / scale_m)))) / limit
 */
export function buildDetector(g: GraphBuilder, w: Weights, model: DetectorModel): void {
  const window = g.input("window", "float64", [graphWindow(model), model.signals.length]);
  const x = g.gather(window, g.ints(model.columns), 1);
  const steps = scored(model.smoothing);
  const parts = model.members.map((m, i) =>
    g.scope(`${m.method}_${i}`, () => {
      const raw = EXPORTERS[m.method]({ g, w, x: last(g, x, windowOf(m) + steps - 1), steps }, m.params);
      return g.mul(g.log(g.max(g.div(raw, m.scale), QUIET)), m.weight);
    }),
  );
  const log = ewma(g, parts.reduce((a, b) => g.add(a, b)), model.smoothing, 1); // prettier-ignore
  g.output("score", g.div(g.exp(log), model.limit));
}
