/** The node in Node-RED, with the real store and the real training process. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import type { EventEmitter } from "node:events";
import { createRequire } from "node:module";
import { chmod, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Node } from "node-red";
import anomaly from "../../../nodes/anomaly/runtime.ts";
import signals from "../../../nodes/signals/runtime.ts";
import type { Anomaly } from "../../../lib/detect/station/result.ts";
import { trainer } from "../../../lib/detect/trainer.ts";
import { helper } from "../../support/helper.ts";
import { NODE_RED_PATH } from "../../support/node-red.ts";
import { plant, SPECS } from "../../lib/detect/station/support.ts";

const catchNode = createRequire(`${NODE_RED_PATH}/package.json`)("@node-red/nodes/core/common/25-catch.js") as typeof anomaly;
type Message = Record<string, unknown>;
const T0 = Date.UTC(2026, 0, 1);

describe("millwright-anomaly in Node-RED", function () {
  this.timeout(60_000);
  let userDir = "";
  let seen: { out: Message[]; events: Message[]; errors: Message[] };
  const flow = (more: Message = {}, id = "det"): Message[] => [
    { id: "tab", type: "tab" },
    { id: "sig", type: "millwright-signals", z: "", name: "s", signals: JSON.stringify(SPECS), periodMs: 1000 },
    { id, type: "millwright-anomaly", z: "tab", x: 1, y: 1, signals: "sig", method: "robust", learnFor: 300, ...more, wires: [["out"], ["events"]] },
    { id: "out", type: "helper", z: "tab", x: 1, y: 1 },
    { id: "events", type: "helper", z: "tab", x: 1, y: 1 },
    { id: "catch", type: "catch", z: "tab", x: 1, y: 1, scope: null, wires: [["errors"]] },
    { id: "errors", type: "helper", z: "tab", x: 1, y: 1 },
  ];
  const load = async (list: Message[]): Promise<Node> => {
    await helper.load([catchNode, signals, anomaly], list as never);
    seen = { out: [], events: [], errors: [] };
    for (const name of ["out", "events", "errors"] as const) helper.getNode(name).on("input", (msg) => seen[name].push(msg));
    return helper.getNode("det");
  };
  const send = (node: Node, samples: Iterable<unknown>, from: number): void => {
    let i = from;
    for (const payload of samples) node.receive({ payload, timestamp: T0 + i++ * 1000 });
  };
  const until = async (what: string, done: () => boolean): Promise<void> => {
    for (let i = 0; !done(); i++) {
      if (i > 2000)
        throw new Error(
          `${what} did not happen; events ${seen.events.map((e) => e["topic"]).join(" ")}; errors ${JSON.stringify(seen.errors.map((e) => e["error"]))}`,
        );
      await sleep(10);
    }
  };
  const event = async (topic: string, count = 1): Promise<Message> => {
    await until(topic, () => seen.events.filter((e) => e["topic"] === topic).length >= count);
    return seen.events.filter((e) => e["topic"] === topic)[count - 1]!["payload"] as Message;
  };
  const children = (): number[] =>
    execFileSync("ps", ["-o", "pid=,args=", "--ppid", String(process.pid)], { encoding: "utf8" })
      .split("\n")
      .filter((line) => /trainer/.test(line))
      .map((line) => parseInt(line, 10));
  const last = (): Anomaly => seen.out.at(-1)!["anomaly"] as Anomaly;

  before((done) => {
    helper.startServer(done);
  });
  after((done) => {
    helper.stopServer(done);
  });
  beforeEach(async () => {
    userDir = await mkdtemp(join(tmpdir(), "mw-runtime-"));
    helper.settings({ userDir });
  });
  afterEach(async () => {
    await helper.unload();
    await rm(userDir, { recursive: true, force: true });
  });

  it("learns in its own process, writes the model, watches, alarms on the second output", async () => {
    const node = await load(flow());
    send(node, plant(300), 0);
    const learned = await event("learned");
    assert.equal((learned["model"] as Message)["version"], 1);
    assert.deepEqual((await readdir(join(userDir, "millwright/models/anomaly-det/1"))).sort(), ["manifest.json", "model.onnx"]);
    send(node, plant(60, 300), 300);
    send(
      node,
      plant(30, 360, (s) => (s.vib += 4)),
      360,
    );
    const start = await event("alarm-start");
    assert.equal((start["top"] as Message[])[0]!["signal"], "vib");
    await until("all messages", () => seen.out.length === 390);
    assert.equal(last().alarm, true);
    assert.deepEqual(seen.errors, []);
    assert.deepEqual(children(), []);
  });

  it("errors go to a catch node, coded, with the message as it came", async () => {
    const node = await load(flow());
    const msg = { payload: { speed: 1 }, topic: "t", mine: { a: 1 } };
    node.receive(msg);
    await until("the error", () => seen.errors.length === 1);
    const caught = seen.errors[0]!;
    assert.equal((caught["error"] as Message)["code"], "MW_SAMPLE_NO_SIGNAL");
    assert.deepEqual([caught["payload"], caught["topic"], caught["mine"]], [msg.payload, "t", { a: 1 }]);
    assert.equal(caught["anomaly"], undefined);
    assert.equal(seen.out.length, 0);
  });

  const wrong: readonly [string, Message, string][] = [
    ["a limit that is none", { falseAlarms: -1 }, "MW_OPTION_INVALID"],
    ["an unknown method", { method: "magic" }, "MW_OPTION_INVALID"],
    ["a signal set that is gone", { signals: "nowhere" }, "MW_SIGNALS_UNKNOWN"],
    ["a model name that is a path", { model: "../../etc" }, "MW_MODEL_NAME"],
    ["a property that is none", { property: "a..b" }, "MW_OPTION_INVALID"],
  ];
  for (const [what, more, code] of wrong) {
    it(`${what}: ${code} with every message, Node-RED alive`, async () => {
      const node = await load(flow(more));
      node.receive({ payload: { flow: 1, pressure: 1, vib: 1 } });
      await until("the error", () => seen.errors.length >= 1);
      assert.equal((seen.errors.at(-1)!["error"] as Message)["code"], code);
    });
  }

  it("the training process is killed: it is started again; killed again: a coded error, the node goes on", async () => {
    const node = await load(flow({ method: "auto", learnFor: 3000 }));
    send(node, plant(3000), 0);
    await until("the process", () => children().length === 1);
    const first = children()[0]!;
    process.kill(first, "SIGKILL");
    let second: number | undefined;
    await until("another process", () => (second = children().find((pid) => pid !== first)) !== undefined);
    process.kill(second!, "SIGKILL");
    await until("the error", () => seen.events.some((e) => e["topic"] === "error"));
    assert.equal((seen.events.find((e) => e["topic"] === "error")!["payload"] as Message)["code"], "MW_TRAIN_CRASHED");
    send(node, plant(5, 3000), 3000);
    await until("all messages", () => seen.out.length === 3005);
    assert.equal(last().score, null);
    node.receive({ command: "train" });
    await event("learned");
    assert.deepEqual(children(), []);
  });

  it("redeployed while training: the process ends, no error, training begins again", async () => {
    const node = await load(flow({ method: "auto", learnFor: 3000 }));
    send(node, plant(3000), 0);
    await until("the process", () => children().length === 1);
    await helper.unload();
    assert.deepEqual(trainer.queue, []);
    await sleep(50);
    assert.deepEqual(children(), []);
    const again = await load(flow({ method: "robust", learnFor: 3000 }));
    send(again, plant(1, 3000), 3000);
    await event("learned");
    assert.deepEqual(seen.errors, []);
  });

  it("trains one after the other, and each node sees its place", async () => {
    const second = { ...flow()[2]!, id: "two", wires: [[], ["events"]] };
    const node = await load([...flow({ method: "auto", learnFor: 2000 }), second]);
    send(node, plant(2000), 0);
    await until("the process", () => trainer.queue.length === 1);
    send(helper.getNode("two"), plant(300), 0);
    await until("the queue", () => trainer.queue.length === 2);
    assert.deepEqual([...trainer.queue], ["anomaly-det", "anomaly-two"]);
    assert.equal(children().length, 1);
    await until("its place", () => seen.events.some((e) => (e["payload"] as Message)["phase"] === "queued" && (e["payload"] as Message)["ahead"] === 1));
    await event("learned", 2);
  });

  it("two nodes share a model: one trains it, the other uses it", async () => {
    const second = { ...flow({ model: "pump" })[2]!, id: "two", wires: [["out"], []] };
    const node = await load([...flow({ model: "pump" }), second]);
    send(node, plant(300), 0);
    await event("learned");
    const two = helper.getNode("two");
    await until("the other node", () => {
      send(two, plant(1, seen.out.length), seen.out.length);
      return seen.out.at(-1) !== undefined && last().model !== null;
    });
    assert.deepEqual([last().model?.name, last().model?.version], ["pump", 1]);
    assert.deepEqual(await readdir(join(userDir, "millwright/models")), ["pump"]);
  });

  it("a disk that cannot be written: coded errors, messages pass, the node goes on", async function () {
    if (process.getuid?.() === 0) {
      // root writes anywhere: a file stands where the folder should be
      await writeFile(join(userDir, "millwright"), "");
    } else await chmod(userDir, 0o500);
    const node = await load(flow());
    send(node, plant(310), 0);
    await until("the errors", () => seen.events.some((e) => e["topic"] === "error"));
    assert.match(String((seen.events.find((e) => e["topic"] === "error")!["payload"] as Message)["code"]), /^MW_STORE_/);
    await until("all messages", () => seen.out.length === 310);
    await chmod(userDir, 0o700);
  });

  it("100 deploys leave nothing behind", async () => {
    await load(flow());
    await helper.unload();
    const before = { handles: process.getActiveResourcesInfo().length, listeners: process.listenerCount("exit") + process.listenerCount("uncaughtException") };
    for (let i = 0; i < 100; i++) {
      const node = await load(flow());
      send(node, plant(5, 5 * i), 5 * i);
      await helper.unload();
    }
    await sleep(100);
    const left = process.getActiveResourcesInfo();
    assert.ok(left.length <= before.handles + 3, left.join(" "));
    assert.ok(process.listenerCount("exit") + process.listenerCount("uncaughtException") <= before.listeners + 1);
    assert.deepEqual(children(), []);
    const node = await load(flow());
    send(node, plant(1, 500), 500);
    await until("the message", () => seen.out.length === 1);
    assert.ok(last().progress === 1 || last().state !== "learning", JSON.stringify(last())); // 501 samples came in all
  });

  describe("admin routes", () => {
    const ask = async (path: string, method: "get" | "post" = "get", body?: object): Promise<{ status: number; body: Message }> => {
      const request = helper.request()[method](path);
      const response = await (body ? request.send(body) : request);
      return { status: response.status, body: response.body as Message };
    };

    it("show the node and its models, and carry out the buttons", async () => {
      const node = await load(flow());
      assert.equal((await ask("/millwright-anomaly/none")).status, 404);
      assert.equal((await ask("/millwright-anomaly/det")).body["state"], "learning");
      send(node, plant(300), 0);
      await event("learned");
      send(node, plant(30, 300), 300);
      const trained = await ask("/millwright-anomaly/det/train", "post", {});
      assert.equal(trained.status, 200, JSON.stringify(trained.body));
      const { body } = await ask("/millwright-anomaly/det");
      assert.equal(body["state"], "watching");
      const versions = body["versions"] as { version: number; active: boolean; samples: number; methods: string[] }[];
      assert.deepEqual(
        versions.map((v) => v.version),
        [2, 1],
      );
      assert.deepEqual(versions[1]!.methods, ["robust"]);
      assert.equal((await ask("/millwright-anomaly/det/promote", "post", { version: 1 })).status, 200);
      send(node, plant(1, 330), 330);
      await until("the message", () => seen.out.length === 331);
      assert.equal(last().model?.version, 1);
      const refused = await ask("/millwright-anomaly/det/promote", "post", { version: 77 });
      assert.equal(refused.status, 400);
      assert.equal(refused.body["code"], "MW_MODEL_NOT_FOUND");
      assert.match(String(refused.body["message"]), /^the model .* has no version 77$/);
      const inChinese = await ask("/millwright-anomaly/det/promote?lang=zh-CN", "post", { version: 77 });
      assert.match(String(inChinese.body["message"]), /^模型 .* 没有版本 77$/);
      assert.ok((body["versions"] as { why: { en: string; zh: string } }[]).every((v) => /[a-z]/.test(v.why.en) && /[\u4e00-\u9fff]/.test(v.why.zh)));
      assert.equal((await ask("/millwright-anomaly/det/dance", "post", {})).body["code"], "MW_COMMAND_UNKNOWN");
      assert.equal((await ask("/millwright-anomaly/det/reset", "post", {})).status, 200);
      assert.equal((await ask("/millwright-anomaly/det")).body["state"], "learning");
    });
  });

  it("status texts fit under the node and exist in both languages", async () => {
    const node = await load(flow());
    const texts: string[] = [];
    (node as unknown as EventEmitter).on("call:status", (call: { firstArg: { text?: string } }) => texts.push(call.firstArg.text ?? ""));
    send(node, plant(300), 0);
    await event("learned");
    send(node, plant(30, 300), 300);
    await sleep(600);
    assert.ok(texts.length > 0 && texts.every((t) => Array.from(t).length <= 20), texts.join("|"));
  });
});
