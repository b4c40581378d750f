/** What the exporters build with: the graph, and the learned arrays as its constants, each stored once. */
import type { GraphBuilder, Value } from "../../engine/graph/builder.ts";
import { elements, type TypedArray } from "../../engine/graph/types.ts";
import { tensorType } from "../../models/params.ts";

export class Weights {
  readonly #g: GraphBuilder;
  readonly #names: ReadonlyMap<TypedArray, string>;
  readonly #used = new Map<TypedArray, Value>();

  /** `names`: what the arrays are called in the file. */
  constructor(g: GraphBuilder, names: ReadonlyMap<TypedArray, string>) {
    this.#g = g;
    this.#names = names;
  }

  /** The learned array as a constant of this shape. */
  of(array: TypedArray, shape: readonly number[] = [array.length]): Value {
    const known = this.#used.get(array);
    if (known === undefined) {
      const value = this.#g.weight(this.#names.get(array) ?? `weight_${this.#used.size}`, tensorType(array), shape, array);
      this.#used.set(array, value);
      return value;
    }
    return known.shape.join() === shape.join() && elements(shape) === array.length ? known : this.#g.reshape(known, shape);
  }

  /** Whether the graph holds the array. */
  has(array: TypedArray): boolean {
    return this.#used.has(array);
  }
}

/** What an exporter is given: a window of raw samples, complete, oldest first. */
export interface Export {
  readonly g: GraphBuilder;
  readonly w: Weights;
  /** [rows, signals]; at least as many rows as the method's window, and `steps - 1` more. */
  readonly x: Value;
  /** How many of the last samples are scored. */
  readonly steps: number;
}

/** What an exporter gives. */
export interface Scored {
  /** Raw score of the last `steps` samples, [steps]. */
  readonly score: Value;
  /** Each signal's part of the last score, >= 0, on any scale, [signals]. */
  readonly parts: Value;
}
