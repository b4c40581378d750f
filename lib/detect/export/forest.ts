/** The isolation forest as a graph: all trees are walked at once, one level at a time, over the flat tables of methods/forest.ts. */
import type { Value } from "../../engine/graph/builder.ts";
import type { ForestParams } from "../methods/forest.ts";
import { ewma, last, standardised } from "./blocks.ts";
import type { Export } from "./weights.ts";

const RATE = 0.2; // of the EWMA, as in methods/forest.ts

/** Levels below the roots: children lie behind their parent in the table. */
function depth({ feature, left }: ForestParams): number {
  const level = new Int32Array(feature.length);
  for (let k = 0; k < feature.length; k++) if (feature[k]! >= 0) level[left[k]!] = level[left[k]! + 1] = level[k]! + 1;
  return level.reduce((a, b) => Math.max(a, b), 0);
}

/** score = 2^(-mean path length / c(n)), f = [z, EWMA(z)]: [rows, C] -> [steps] */
export function exportForest({ g, w, x, steps }: Export, p: ForestParams): Value {
  const trees = p.roots.length;
  const z = standardised(g, x, w.of(p.mean), w.of(p.std));
  const f = g.concat([last(g, z, steps), ewma(g, z, RATE, steps)], 1);
  const features = g.cast(w.of(p.feature), "int32"),
    cuts = w.of(p.cut),
    lefts = w.of(p.left);
  let k = g.expand(w.of(p.roots), [steps, trees]);
  for (let level = depth(p); level > 0; level--) {
    const v = g.gather(features, k);
    const right = g.cast(g.op("GreaterOrEqual", [g.gatherElements(f, g.max(v, 0), 1), g.gather(cuts, k)]), "int32");
    k = g.where(g.less(v, 0), k, g.add(g.gather(lefts, k), right)); // a leaf stays where it is
  }
  const path = g.reduceMean(g.gather(cuts, k), [1]); // a leaf's cut is its path length
  return g.exp(g.mul(path, -Math.LN2 / p.typical));
}
