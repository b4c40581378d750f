/** What the tests ask of a running Node-RED, over its admin API and the routes of test/support/probe/probe.cjs. */
import { setTimeout as sleep } from "node:timers/promises";
import { deserialize, serialize } from "node:v8";

export type Message = Record<string, unknown>;

export interface ProcessUsage {
  readonly rss: number; // bytes
  readonly heapUsed: number; // bytes
  /** Event-loop delay, ms, since `usage(true)`. */
  readonly loopP99: number;
  readonly loopMax: number;
  readonly pid: number;
}

export class Probe {
  readonly url: string;

  constructor(url: string) {
    this.url = url;
  }

  async #ask(path: string, body?: unknown): Promise<unknown> {
    const init = body === undefined ? { method: "POST" } : { method: "POST", headers: { "content-type": "application/octet-stream" }, body: serialize(body) };
    const response = await fetch(`${this.url}/probe/${path}`, init);
    if (!response.ok) throw new Error(`${path}: ${await response.text()}`);
    return deserialize(Buffer.from(await response.arrayBuffer())) as unknown;
  }

  /** Waits until the admin API answers. */
  async ready(timeoutMs = 20_000): Promise<void> {
    const end = Date.now() + timeoutMs;
    for (;;) {
      try {
        await this.#ask("process");
        return;
      } catch (error) {
        if (Date.now() > end) throw error;
        await sleep(50);
      }
    }
  }

  /** Any admin route, as JSON. */
  async admin(path: string, init: RequestInit = {}): Promise<unknown> {
    const headers = new Headers(init.headers);
    headers.set("accept", "application/json");
    const response = await fetch(`${this.url}${path}`, { ...init, headers });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response.status === 204 ? undefined : ((await response.json()) as unknown);
  }

  /** Presses the button of an inject node. */
  async inject(id: string): Promise<void> {
    const response = await fetch(`${this.url}/inject/${id}`, { method: "POST" });
    if (!response.ok) throw new Error(`inject ${id}: ${response.status}`);
  }

  /** Gives messages straight to the input of any node, in order. */
  async send(id: string, ...messages: readonly Message[]): Promise<void> {
    await this.#ask(`send/${id}`, messages);
  }

  /** From now on (and afresh), records what these nodes receive. Survives a deploy. */
  async watch(...ids: readonly string[]): Promise<void> {
    await this.#ask("watch", ids);
  }

  /** What a watched node received so far, oldest first. */
  async received(id: string): Promise<Message[]> {
    const messages = await this.#ask(`received/${id}`);
    if (messages === undefined) throw new Error(`call watch("${id}") first`);
    return messages as Message[];
  }

  /** Waits until a watched node has received `count` messages (that satisfy `wanted`) and returns those. */
  async waitFor(id: string, count = 1, timeoutMs = 15_000, wanted: (message: Message) => boolean = () => true): Promise<Message[]> {
    const end = Date.now() + timeoutMs;
    for (;;) {
      const messages = (await this.received(id)).filter(wanted);
      if (messages.length >= count) return messages;
      if (Date.now() > end) throw new Error(`${id} received ${messages.length} of ${count} messages within ${timeoutMs} ms`);
      await sleep(25);
    }
  }

  /** Every status the node has shown, oldest first (`{}` = cleared). */
  async statuses(id: string): Promise<Message[]> {
    return (await this.#ask(`statuses/${id}`)) as Message[];
  }

  /** Memory and event-loop delay of the Node-RED process; `reset` starts the delay measurement afresh. */
  async usage(reset = false): Promise<ProcessUsage> {
    return (await this.#ask("process", reset)) as ProcessUsage;
  }
}
