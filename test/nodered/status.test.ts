import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import type { NodeAPI, NodeStatus } from "node-red";
import { MillwrightError } from "../../lib/errors.ts";
import { StatusLine } from "../../lib/nodered/status.ts";

const RED = { settings: { lang: "en-US" }, _: (key: string, { value }: { value: unknown }) => `${key} ${String(value)}` } as unknown as NodeAPI;
const error = new MillwrightError("MW_STORE_FULL", { field: "state" });

function bench(): { line: StatusLine; texts: () => (string | undefined)[]; close: () => void } {
  const shown: NodeStatus[] = [];
  const node = Object.assign(new EventEmitter(), { status: (status: NodeStatus) => shown.push(status) });
  return { line: new StatusLine(node, RED), texts: () => shown.map((s) => s.text), close: () => node.emit("close") };
}

describe("StatusLine", () => {
  it("shows the first at once, then at most one per half second, the last one", async () => {
    const { line, texts } = bench();
    for (let i = 0; i < 1000; i++) line.show("green", "dot", "n", i);
    assert.deepEqual(texts(), ["status.n 0"]);
    await sleep(600);
    assert.deepEqual(texts(), ["status.n 0", "status.n 999"]);
  });

  it("does not repeat itself", async () => {
    const { line, texts } = bench();
    for (let i = 0; i < 3; i++) {
      line.show("green", "dot", "same");
      await sleep(260);
    }
    assert.deepEqual(texts(), ["status.same "]);
  });

  it("shows an error at once, in place of what waits, and what was there before it again after it", async () => {
    const { line, texts } = bench();
    line.show("green", "dot", "a");
    line.show("green", "dot", "b");
    line.error(error);
    assert.deepEqual(texts(), ["status.a ", "storage problem"]);
    line.show("green", "dot", "b");
    await sleep(600);
    assert.deepEqual(texts(), ["status.a ", "storage problem", "status.b "]);
  });

  it("shows an error that comes with every other message once", async () => {
    const { line, texts } = bench();
    for (let i = 0; i < 100; i++) {
      line.show("green", "dot", "a");
      line.error(error);
    }
    await sleep(600);
    assert.deepEqual(texts(), ["status.a ", "storage problem"]);
  });

  it("cuts texts at 20 characters, not within one", () => {
    const { line, texts } = bench();
    line.show("red", "ring", "🙂".repeat(30));
    assert.equal(Array.from(texts()[0] ?? "").length, 20);
    assert.ok(texts()[0]?.endsWith("🙂"));
  });

  it("is silent after close", async () => {
    const { line, texts, close } = bench();
    line.show("green", "dot", "a");
    line.show("green", "dot", "b");
    close();
    line.error(error);
    line.show("green", "dot", "c");
    await sleep(600);
    assert.deepEqual(texts(), ["status.a "]);
  });
});
