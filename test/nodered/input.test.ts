import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import type { Node, NodeAPI } from "node-red";
import { fail, type MillwrightError } from "../../lib/errors.ts";
import { type Handler, onInput, type Outgoing } from "../../lib/nodered/input.ts";
import { StatusLine } from "../../lib/nodered/status.ts";

interface Outcome {
  readonly sent: Outgoing[];
  readonly done: (MillwrightError | undefined)[];
  readonly statuses: unknown[];
}

/** A node as far as onInput sees it, and what came of the messages it was given. */
function bench(handler: Handler, lang = "en-US"): Outcome & { readonly input: (msg: object) => void; readonly close: () => void } {
  const statuses: unknown[] = [];
  const emitter = Object.assign(new EventEmitter(), { status: (status: unknown) => statuses.push(status) });
  const node = emitter as unknown as Node;
  const RED = { settings: { lang }, _: (key: string) => key } as unknown as NodeAPI;
  onInput(node, RED, handler, new StatusLine(node, RED));
  const sent: Outgoing[] = [];
  const done: (MillwrightError | undefined)[] = [];
  const input = (msg: object): void => {
    emitter.emit(
      "input",
      msg,
      (m: Outgoing) => sent.push(m),
      (error?: MillwrightError) => done.push(error),
    );
  };
  return { sent, done, statuses, input, close: () => emitter.emit("close") };
}

describe("onInput", () => {
  it("is done synchronously after a synchronous handler, without a promise", () => {
    const { input, sent, done } = bench((msg, send) => send(msg));
    const original = globalThis.Promise;
    let made = 0;
    globalThis.Promise = new Proxy(original, { construct: (target, args) => (made++, Reflect.construct(target, args) as object) });
    try {
      input({ payload: 1 });
    } finally {
      globalThis.Promise = original;
    }
    assert.deepEqual([sent, done, made], [[{ payload: 1 }], [undefined], 0]);
  });

  it("is done once after an asynchronous handler", async () => {
    const { input, sent, done } = bench(async (msg, send) => {
      await sleep(5);
      send(msg);
    });
    input({ payload: 1 });
    assert.equal(done.length, 0);
    await sleep(20);
    assert.deepEqual([sent, done], [[{ payload: 1 }], [undefined]]);
  });

  for (const [what, handler] of [
    ["throws", () => fail("MW_PAYLOAD_EMPTY", { field: "payload" })],
    ["rejects", () => Promise.resolve().then(() => fail("MW_PAYLOAD_EMPTY", { field: "payload" }))],
  ] as const) {
    it(`passes on a coded error when the handler ${what}, the message untouched`, async () => {
      const { input, sent, done, statuses } = bench(handler);
      const msg = Object.freeze({ payload: Object.freeze([]), topic: "t" });
      input(msg);
      await sleep(1);
      assert.deepEqual([sent.length, done.length, done[0]?.code], [0, 1, "MW_PAYLOAD_EMPTY"]);
      assert.deepEqual(msg, { payload: [], topic: "t" });
      assert.deepEqual(statuses, [{ fill: "red", shape: "ring", text: "bad input" }]);
    });
  }

  it("turns anything thrown into a coded error", async () => {
    for (const thrown of [new TypeError("x is not a function"), "text", undefined, { odd: 1 }, null]) {
      const { input, done } = bench(() => {
        throw thrown;
      });
      input({});
      const rejecting = bench(() => Promise.reject(thrown));
      rejecting.input({});
      await sleep(1);
      assert.deepEqual([done[0]?.code, rejecting.done[0]?.code], ["MW_INTERNAL", "MW_INTERNAL"]);
    }
  });

  it("speaks the runtime's language and keeps code and details", () => {
    const { input, done, statuses } = bench(() => fail("MW_PAYLOAD_EMPTY", { field: "payload" }), "zh-CN");
    input({});
    assert.equal(done[0]?.message, "msg.payload 中没有任何样本");
    assert.deepEqual([done[0].code, done[0].details], ["MW_PAYLOAD_EMPTY", { field: "payload" }]);
    assert.deepEqual(statuses, [{ fill: "red", shape: "ring", text: "输入有误" }]);
  });

  it("sends nothing after close, aborts the signal, and is done all the same", async () => {
    let aborted = false;
    const { input, close, sent, done } = bench(async (msg, send, signal) => {
      await sleep(10);
      aborted = signal.aborted;
      send(msg);
    });
    input({});
    close();
    await sleep(30);
    assert.deepEqual([aborted, sent, done], [true, [], [undefined]]);
  });

  it("does not report work that was cancelled by close", async () => {
    const { input, close, done } = bench((_msg, _send, signal) => sleep(1000, undefined, { signal }));
    input({});
    close();
    await sleep(5);
    assert.deepEqual(done, [undefined]);
  });

  it("reports a failure after close that is not a cancellation", async () => {
    const { input, close, done } = bench(() => sleep(5).then(() => fail("MW_STORE_FULL", { field: "state" })));
    input({});
    close();
    await sleep(20);
    assert.equal(done[0]?.code, "MW_STORE_FULL");
  });
});
