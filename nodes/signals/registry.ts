/** How other nodes get their signal set, and how the editor gets to see the last sample that went through them. */
import type { Node, NodeAPI } from "node-red";
import { fail, type MillwrightError } from "../../lib/errors.ts";
import type { SignalSet } from "../../lib/signals/types.ts";

export const TYPE = "millwright-signals";

/** The config node at run time. Exactly one of `signalSet` and `problem` is there. */
export interface SignalsNode extends Node {
  signalSet?: SignalSet;
  problem?: MillwrightError;
}

/**
 * The signal set with the id `id`; undefined for "". Throws MW_SIGNALS_UNKNOWN when there is no such node or it is disabled, and the node's own error
 * when its settings are wrong.
 */
export function signalSetOf(RED: Pick<NodeAPI, "nodes">, id: string): SignalSet | undefined {
  if (id === "") return undefined;
  const node = RED.nodes.getNode(id) as SignalsNode | null | undefined;
  if (node?.type !== TYPE) return fail("MW_SIGNALS_UNKNOWN", { field: "signals", got: id });
  if (node.problem) throw node.problem;
  return node.signalSet;
}

/** Holds the last single sample a node has seen: assign `sample` per message. */
export interface SampleSlot {
  readonly node: string;
  /** The signal set the node uses; "" = none. */
  readonly set: string;
  sample: unknown;
}

const slots = new Map<string, SampleSlot>();

export function openSlot(node: string, set: string): SampleSlot {
  const slot: SampleSlot = { node, set, sample: undefined };
  slots.set(node, slot);
  return slot;
}

export function closeSlot(node: string): void {
  slots.delete(node);
}

/** The last sample of a node that uses the set `set`, else of one that uses none yet. */
export function lastSample(set: string): SampleSlot | undefined {
  const seen = [...slots.values()].filter((slot) => slot.sample !== undefined);
  return seen.find((slot) => slot.set === set && set !== "") ?? seen.find((slot) => slot.set === "");
}
