/** The input door inside a real Node-RED runtime: Catch and Complete nodes see what it does, and Node-RED survives. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Node, NodeAPI, NodeDef } from "node-red";
import { fail } from "../../lib/errors.ts";
import { onInput } from "../../lib/nodered/input.ts";
import { helper } from "../support/helper.ts";
import { NODE_RED_PATH } from "../support/node-red.ts";

type Message = Record<string, unknown> & { error?: { message: string; code: string; source: { id: string } } };

const require = createRequire(`${NODE_RED_PATH}/package.json`);
const core = (file: string): never => require(`${dirname(require.resolve("@node-red/nodes/package.json"))}/core/common/${file}`) as never;

/** Does what the payload says. */
function door(RED: NodeAPI): void {
  function Door(this: Node, config: NodeDef): void {
    RED.nodes.createNode(this, config);
    onInput(this, RED, (msg, send) => {
      if (msg.payload === "throw") fail("MW_PAYLOAD_EMPTY", { field: "payload" });
      if (msg.payload === "reject") return Promise.reject(new TypeError("late"));
      if (msg.payload === "wait") return sleep(5).then(() => send(msg));
      send(msg);
      return undefined;
    });
  }
  RED.nodes.registerType("door", Door);
}

const at = { z: "tab", x: 100, y: 100 }; // a node without a place would be taken for a config node
const FLOW = [
  { id: "tab", type: "tab", label: "t" },
  { id: "in", type: "door", ...at, wires: [["out"]] },
  { id: "out", type: "helper", ...at },
  { id: "c1", type: "catch", ...at, scope: ["in"], wires: [["caught"]] },
  { id: "caught", type: "helper", ...at },
  { id: "c2", type: "complete", ...at, scope: ["in"], wires: [["completed"]] },
  { id: "completed", type: "helper", ...at },
];

describe("the input door in Node-RED", () => {
  beforeEach(() => helper.load([door, core("24-complete.js"), core("25-catch.js")], FLOW));
  afterEach(() => helper.unload());

  async function ask(payload: string, answer: "out" | "caught"): Promise<Message> {
    const answered = once(helper.getNode(answer), "input");
    helper.getNode("in").receive({ payload, topic: "t" });
    return ((await answered) as [Message])[0];
  }

  it("passes messages on and completes them, once each", async () => {
    const seen: Record<string, unknown[]> = { out: [], completed: [] };
    for (const id of ["out", "completed"]) helper.getNode(id).on("input", (msg) => seen[id]?.push(msg.payload));
    for (const payload of ["go", "wait"]) helper.getNode("in").receive({ payload });
    await sleep(50);
    assert.deepEqual(seen, { out: ["go", "wait"], completed: ["go", "wait"] });
  });

  it("gives a Catch node the code, the text, the source and the message as it came", async () => {
    const { error, payload, topic } = await ask("throw", "caught");
    assert.deepEqual([error?.code, error?.message, error?.source.id], ["MW_PAYLOAD_EMPTY", "msg.payload holds no samples (MW_PAYLOAD_EMPTY)", "in"]);
    assert.deepEqual([payload, topic], ["throw", "t"]);
  });

  it("survives a rejection, with a Catch node and without", async () => {
    assert.equal((await ask("reject", "caught")).error?.code, "MW_INTERNAL");
    await helper.unload();
    await helper.load(door, FLOW.slice(0, 3));
    helper.getNode("in").receive({ payload: "reject" });
    assert.equal((await ask("go", "out"))["payload"], "go");
  });
});
