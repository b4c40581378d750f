/** The robust method as a graph (methods/robust.ts). */
import type { Value } from "../../engine/graph/builder.ts";
import type { RobustParams } from "../methods/robust.ts";
import { ewma } from "./blocks.ts";
import type { Export } from "./weights.ts";

const CLIP = 1e3; // MADs of the raw signal, as in methods/robust.ts

/** (mean over signals and rates of ((EWMA_a(clip(x - median)) - centre_a) / scale_a)^4)^(1/4): [rows, C] -> [steps] */
export function exportRobust({ g, w, x, steps }: Export, p: RobustParams): Value {
  const most = g.mul(w.of(p.scale[0]!), CLIP);
  const d = g.min(g.max(g.sub(x, w.of(p.median)), g.neg(most)), most);
  const parts = p.rates.map((a, k) => {
    const z = g.div(g.sub(ewma(g, d, a, steps), w.of(p.centre[k]!)), w.of(p.scale[k]!));
    const z2 = g.mul(z, z);
    return g.reduceMean(g.mul(z2, z2), [1]);
  });
  const mean = g.div(parts.reduce((a, b) => g.add(a, b)), p.rates.length); // prettier-ignore
  return g.sqrt(g.sqrt(mean));
}
