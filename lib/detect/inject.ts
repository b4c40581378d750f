/**
 * Faults injected into held-out normal data, to compare how sensitive candidates are at limits that give the same false-alarm rate.
 * Each fault changes one signal over the second part of a segment, in units of that signal's own spread.
 */
import { generator } from "./random.ts";

export const FAULTS = ["step", "ramp", "noise", "shuffle", "freeze"] as const;
export type Fault = (typeof FAULTS)[number];

export interface Injection {
  readonly fault: Fault;
  /** Column that is changed. */
  readonly column: number;
  /** +1 or -1. */
  readonly sign: number;
}

/** Sizes in standard deviations of the signal: what a plant engineer would call a clear fault, not a crash. */
const STEP = 3;
const RAMP = 4;
const NOISE = 2;

/** A fixed plan that goes round signals, faults and signs evenly: nothing random decides which faults are tried. */
export function plan(columns: number, count: number): Injection[] {
  return Array.from({ length: count }, (_, i) => ({
    fault: FAULTS[i % FAULTS.length]!,
    column: Math.floor((i * columns) / count + (i % FAULTS.length)) % columns,
    sign: i % 2 === 0 ? 1 : -1,
  }));
}

/**
 * Changes rows `from`.. of `segment` ([rows, cols], a copy) at one column, in place. `std`: the signal's spread; `donor`: other normal
 * values of the same signal (its own past), for `shuffle`.
 */
export function inject(segment: Float64Array, cols: number, from: number, injection: Injection, std: number, donor: Float64Array, seed: number): void {
  const rows = segment.length / cols;
  const { column, fault, sign } = injection;
  const random = generator(seed);
  const first = segment[from * cols + column]!;
  for (let r = from; r < rows; r++) {
    const at = r * cols + column;
    const v = segment[at]!;
    const share = (r - from + 1) / (rows - from);
    switch (fault) {
      case "step":
        segment[at] = v + sign * STEP * std;
        break;
      case "ramp":
        segment[at] = v + sign * RAMP * std * share;
        break;
      case "noise":
        segment[at] = v + NOISE * std * random.normal();
        break;
      case "shuffle": // right values, wrong order: breaks the rhythm and the relation to the other signals
        segment[at] = donor[Math.floor(random.uniform() * donor.length)]!;
        break;
      case "freeze": // the sensor creeps around the value it last had
        segment[at] = first + 0.05 * std * random.normal();
        break;
      default:
        fault satisfies never;
    }
  }
}
