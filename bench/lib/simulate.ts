/** Normal data of a machine without faults, endless and repeatable: five kinds that a detector must stay quiet on. */
import { generator } from "../../lib/detect/random.ts";

export const KINDS = ["white", "autocorrelated", "seasonal", "drifting", "heavy-tailed"] as const;
export type Kind = (typeof KINDS)[number];

const DAY = 86_400;
/** Latent causes that the signals share. */
const LATENT = 3;

export interface Simulation {
  /** Writes the next sample (one per second) into `out`. */
  next(out: Float64Array): void;
}

/** `signals` signals of three latent causes plus their own noise, each with its own level and size. */
export function simulate(kind: Kind, signals: number, seed: number): Simulation {
  const g = generator(seed);
  const mixing = Float64Array.from({ length: signals * LATENT }, () => g.normal());
  const level = Float64Array.from({ length: signals }, () => 50 * g.uniform() + 10);
  const size = Float64Array.from({ length: signals }, () => Math.exp(g.normal()));
  const phase = Float64Array.from({ length: signals }, () => 2 * Math.PI * g.uniform());
  const latent = new Float64Array(LATENT);
  const own = new Float64Array(signals);
  const walk = new Float64Array(signals);
  const memory = kind === "white" ? 0 : kind === "heavy-tailed" ? 0.5 : 0.95;
  const innovation = Math.sqrt(1 - memory * memory);
  // t with 3 degrees of freedom, scaled to unit variance: normal / sqrt(chi2_3 / 3) / sqrt(3)
  const t3 = (): number => g.normal() / Math.sqrt(g.normal() ** 2 + g.normal() ** 2 + g.normal() ** 2);
  const shock = kind === "heavy-tailed" ? t3 : (): number => g.normal();
  let t = 0;
  return {
    next(out) {
      for (let k = 0; k < LATENT; k++) latent[k] = memory * latent[k]! + innovation * shock();
      for (let i = 0; i < signals; i++) {
        own[i] = memory * own[i]! + innovation * shock();
        let v = 0.6 * own[i]!;
        for (let k = 0; k < LATENT; k++) v += 0.5 * mixing[i * LATENT + k]! * latent[k]!;
        if (kind === "seasonal") v += 2 * Math.sin((2 * Math.PI * t) / DAY + phase[i]!) + Math.sin((2 * Math.PI * t) / 600 + 2 * phase[i]!);
        if (kind === "drifting") {
          // a walk of one standard deviation a day, reflected at +-3: the limits of the sensor's normal range
          walk[i]! += g.normal() / Math.sqrt(DAY);
          if (Math.abs(walk[i]!) > 3) walk[i] = Math.sign(walk[i]!) * 6 - walk[i]!;
          v += walk[i]!;
        }
        out[i] = level[i]! + size[i]! * v;
      }
      t++;
    },
  };
}
