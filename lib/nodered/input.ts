/**
 * The one door for messages. A rejection that nobody catches stops Node-RED, so every node takes its input through `onInput`:
 * `done` exactly once, every failure a coded error with the original message, nothing sent after close.
 */
import type { Node, NodeAPI, NodeMessage, NodeMessageInFlow } from "node-red";
import { toMillwrightError } from "../errors.ts";
import { localised, runtimeLanguage } from "./errors.ts";
import type { StatusLine } from "./status.ts";

/** What `send` takes: one message, or one entry per output. */
export type Outgoing = NodeMessage | (NodeMessage | NodeMessage[] | null)[];
export type Send = (message: Outgoing) => void;
type Done = (error?: Error) => void;

/**
 * Handles one message. It leaves `msg` as it came until nothing can fail any more (an error must find the message untouched).
 * `signal` is aborted when the node closes. Synchronous handlers return nothing: no promise is made for them.
 */
export type Handler<M extends NodeMessage = NodeMessageInFlow> = (msg: M, send: Send, signal: AbortSignal) => void | Promise<void>;

export function onInput<M extends NodeMessageInFlow>(node: Node, RED: Pick<NodeAPI, "settings">, handler: Handler<M>, status?: StatusLine): void {
  const language = runtimeLanguage(RED);
  const closing = new AbortController();
  const { signal } = closing;
  node.on("close", () => {
    closing.abort();
  });

  const refuse = (thrown: unknown, done: Done): void => {
    if (signal.aborted && thrown instanceof Error && thrown.name === "AbortError") {
      done(); // cancelled because the node closed: not a failure
      return;
    }
    const error = toMillwrightError(thrown);
    status?.error(error);
    done(localised(error, language));
  };

  node.on("input", (msg, send, done: Done) => {
    const guarded: Send = (message) => {
      if (!signal.aborted) send(message);
    };
    let pending: void | Promise<void>;
    try {
      pending = handler(msg as M, guarded, signal);
    } catch (thrown) {
      refuse(thrown, done);
      return;
    }
    if (pending === undefined) {
      done();
      return;
    }
    pending.then(
      () => {
        done();
      },
      (thrown: unknown) => {
        refuse(thrown, done);
      },
    );
  });
}
