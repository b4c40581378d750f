/** The robust method as a graph (methods/robust.ts). */
import { CLIP, type RobustParams } from "../methods/robust.ts";
import { ewma, last, sum } from "./blocks.ts";
import type { Export, Scored } from "./weights.ts";

/** score = (mean over signals and rates of z_a^4)^(1/4), z_a = (EWMA_a(clip(x - median)) - centre_a) / scale_a; part_c = sum over rates of z_a,c^4 */
export function exportRobust({ g, w, x, steps }: Export, p: RobustParams): Scored {
  const most = g.mul(w.of(p.scale[0]!), CLIP);
  const d = g.min(g.max(g.sub(x, w.of(p.median)), g.neg(most)), most);
  const terms = p.rates.map((a, k) => {
    const z = g.div(g.sub(ewma(g, d, a, steps), w.of(p.centre[k]!)), w.of(p.scale[k]!));
    const z2 = g.mul(z, z);
    return g.mul(z2, z2);
  });
  const total = sum(g, terms); // [steps, C]
  const mean = g.div(g.reduceMean(total, [1]), p.rates.length);
  return { score: g.sqrt(g.sqrt(mean)), parts: g.squeeze(last(g, total, 1), 0) };
}
