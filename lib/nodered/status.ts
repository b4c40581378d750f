/** The text under a node: at most two updates a second (a status per message halves Node-RED's throughput), the last one wins. */
import type { Node, NodeAPI, NodeStatusFill, NodeStatusShape } from "node-red";
import type { MillwrightError } from "../errors.ts";
import { errorStatus, runtimeLanguage } from "./errors.ts";

const INTERVAL = 500; // ms between updates
const WIDTH = 20; // characters

type StatusNode = Pick<Node, "status"> & { on: (event: "close", listener: () => void) => unknown };

export class StatusLine {
  readonly #node: StatusNode;
  readonly #RED: Pick<NodeAPI, "_" | "settings">;
  #fill: NodeStatusFill = "grey";
  #shape: NodeStatusShape = "dot";
  #key = "";
  #error = ""; // code of the error that is shown now
  #value: string | number = "";
  #shown = -Infinity; // ms, monotonic
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(node: StatusNode, RED: Pick<NodeAPI, "_" | "settings">) {
    this.#node = node;
    this.#RED = RED;
    node.on("close", () => {
      this.#closed = true;
      clearTimeout(this.#timer);
    });
  }

  /**
   * Shows `status.<key>` of the node's locale file with `value` in place of `__value__`. Cheap when nothing changed: call it for
   * every message if you like.
   */
  show(fill: NodeStatusFill, shape: NodeStatusShape, key: string, value: string | number = ""): void {
    if (key === this.#key && value === this.#value && fill === this.#fill && shape === this.#shape) return;
    this.#fill = fill;
    this.#shape = shape;
    this.#key = key;
    this.#value = value;
    if (this.#timer !== undefined || this.#closed) return;
    const wait = this.#shown + INTERVAL - performance.now();
    if (wait <= 0) this.#flush();
    else this.#timer = setTimeout(this.#flush, wait).unref();
  }

  /** Shows an error at once (and once, however many there are), ahead of anything that waits; the next `show` replaces it. */
  error(error: MillwrightError): void {
    if (this.#closed) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#key = "";
    if (error.code === this.#error) return;
    this.#error = error.code;
    this.#shown = performance.now();
    this.#node.status(errorStatus(error, runtimeLanguage(this.#RED)));
  }

  readonly #flush = (): void => {
    this.#timer = undefined;
    this.#error = "";
    this.#shown = performance.now();
    const text = this.#RED._(`status.${this.#key}`, { value: this.#value });
    this.#node.status({ fill: this.#fill, shape: this.#shape, text: Array.from(text).slice(0, WIDTH).join("") });
  };
}
