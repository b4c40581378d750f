/** The example flows, as a test deploys them. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT, type FlowNode } from "../support/node-red.ts";
import type { Message } from "../support/probe.ts";

export const FOLDER = join(ROOT, "examples", "flows");

export const exampleFiles = (): string[] => readdirSync(FOLDER).filter((file) => file.endsWith(".json"));

export class Example {
  readonly nodes: readonly FlowNode[];

  constructor(file: string, nodes?: readonly FlowNode[]) {
    this.nodes = nodes ?? (JSON.parse(readFileSync(join(FOLDER, file), "utf8")) as FlowNode[]);
  }

  /** The id of the one node of this name (and type, where a name is used twice). */
  id(name: string, type?: string): string {
    const found = this.nodes.filter((n) => n["name"] === name && (type === undefined || n.type === type));
    if (found.length !== 1) throw new Error(`${found.length} nodes are called "${name}"`);
    return found[0]!.id;
  }

  /** The same flow with other settings in one node. */
  with(name: string, settings: Record<string, unknown>, type?: string): Example {
    const id = this.id(name, type);
    return new Example(
      "",
      this.nodes.map((n) => (n.id === id ? { ...n, ...settings } : n)),
    );
  }

  /** The simulated seconds pass 20 times as fast. */
  hurried(): Example {
    return this.with("Every second", { repeat: "0.05" });
  }
}

/** The payload of an event message; undefined for other messages. */
export function eventOf(message: Message): Message | undefined {
  const payload = message["payload"] as Message | undefined;
  return typeof payload?.["type"] === "string" ? payload : undefined;
}

export const isEvent =
  (type: string, also: (event: Message) => boolean = () => true) =>
  (message: Message): boolean => {
    const event = eventOf(message);
    return event?.["type"] === type && also(event);
  };

export interface Top {
  readonly signal: string;
  readonly unit: string;
  readonly share: number;
  readonly seen: number | null;
  readonly expected: number | null;
}

export const topOf = (message: Message): Top[] => (eventOf(message)?.["top"] ?? []) as Top[];
