/** The isolation forest as a graph: all trees are walked at once, one level at a time, over the flat tables of methods/forest.ts. */
import type { Value } from "../../engine/graph/builder.ts";
import { RATE, type ForestParams } from "../methods/forest.ts";
import { ewma, last, standardised, sum } from "./blocks.ts";
import type { Export, Scored } from "./weights.ts";

/** Levels below the roots: children lie behind their parent in the table. */
function depth({ feature, left }: ForestParams): number {
  const level = new Int32Array(feature.length);
  for (let k = 0; k < feature.length; k++) if (feature[k]! >= 0) level[left[k]!] = level[left[k]! + 1] = level[k]! + 1;
  return level.reduce((a, b) => Math.max(a, b), 0);
}

/**
 * score = 2^(-mean path length / c(n)), f = [z, EWMA(z)] [steps, 2 C];
 * part_c = sum over the cuts of signal c that the last sample meets of max(0, log2(n / n') - 1), n: learning samples before and after the cut
 */
export function exportForest({ g, w, x, steps }: Export, p: ForestParams): Scored {
  const trees = p.roots.length,
    n = p.mean.length;
  const z = standardised(g, x, w.of(p.mean), w.of(p.std));
  const f = g.concat([last(g, z, steps), ewma(g, z, RATE, steps)], 1);
  const features = g.cast(w.of(p.feature), "int32"),
    cuts = w.of(p.cut),
    lefts = w.of(p.left);
  const bits = g.div(g.log(g.cast(w.of(p.count), "float64")), Math.LN2);
  const signals = g.cast(g.ints(Array.from({ length: n }, (_, c) => c), [n, 1]), "int32"); // prettier-ignore
  const parts: Value[] = [];
  let k = g.expand(w.of(p.roots), [steps, trees]);
  for (let level = depth(p); level > 0; level--) {
    const v = g.gather(features, k);
    const right = g.cast(g.op("GreaterOrEqual", [g.gatherElements(f, g.max(v, 0), 1), g.gather(cuts, k)]), "int32");
    const next = g.where(g.less(v, 0), k, g.add(g.gather(lefts, k), right)); // a leaf stays where it is
    const surprise = g.max(g.sub(g.sub(g.gather(bits, last(g, k, 1)), g.gather(bits, last(g, next, 1))), 1), 0); // [1, trees]; 0 at a leaf
    const signal = last(g, g.where(g.less(v, n), v, g.sub(v, n)), 1); // [1, trees]
    parts.push(g.reduceSum(g.mul(g.cast(g.equal(signals, signal), "float64"), surprise), [1]));
    k = next;
  }
  const path = g.reduceMean(g.gather(cuts, k), [1]); // a leaf's cut is its path length
  return { score: g.exp(g.mul(path, -Math.LN2 / p.typical)), parts: parts.length > 0 ? sum(g, parts) : g.floats(new Float64Array(n)) };
}
