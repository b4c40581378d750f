/** A real Node-RED process that is killed (kill -9) in the middle of things. */
import assert from "node:assert/strict";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Anomaly } from "../../../lib/detect/station/result.ts";
import { startNodeRed, type FlowNode, type NodeRed } from "../../support/node-red.ts";
import type { Message } from "../../support/probe.ts";
import { plant } from "../../lib/detect/station/support.ts";

const T0 = Date.UTC(2026, 0, 1);
const SIGNALS = JSON.stringify(["flow", "pressure", "vib"].map((name) => ({ name, unit: "", low: null, high: null, kind: "auto" })));
const flow = (more: Record<string, unknown> = {}): FlowNode[] => [
  { id: "tab", type: "tab", label: "t" },
  { id: "sig", type: "millwright-signals", name: "s", signals: SIGNALS, periodMs: 1000 },
  { id: "det", type: "millwright-anomaly", z: "tab", x: 100, y: 100, signals: "sig", method: "robust", learnFor: 300, ...more, wires: [["out"], ["events"]] },
  { id: "out", type: "junction", z: "tab", x: 200, y: 80, wires: [[]] },
  { id: "events", type: "junction", z: "tab", x: 200, y: 120, wires: [[]] },
  { id: "catch", type: "catch", z: "tab", x: 100, y: 200, scope: null, uncaught: false, wires: [["errors"]] },
  { id: "errors", type: "junction", z: "tab", x: 200, y: 200, wires: [[]] },
];
const samples = (count: number, from: number, fault?: Parameters<typeof plant>[2]): Message[] =>
  Array.from(plant(count, from, fault), (payload, i) => ({ payload, timestamp: T0 + (from + i) * 1000 }));
const anomalyOf = (m: Message | undefined): Anomaly => m!["anomaly"] as Anomaly;
const eventOf = (m: Message): Record<string, unknown> => m["payload"] as Record<string, unknown>;
const broken = (s: { vib: number }): void => {
  s.vib += 4;
};

describe("millwright-anomaly in a Node-RED that is killed", function () {
  this.timeout(120_000);
  let red: NodeRed | undefined;
  const start = async (options: Parameters<typeof startNodeRed>[0]): Promise<NodeRed> => {
    red = await startNodeRed(options);
    await red.watch("out", "events", "errors");
    return red;
  };
  const all = async (r: NodeRed, list: Message[]): Promise<Message[]> => {
    const before = (await r.received("out")).length;
    await r.send("det", ...list);
    return (await r.waitFor("out", before + list.length)).slice(before);
  };
  const saidModelProblem = async (r: NodeRed): Promise<boolean> => (await r.statuses("det")).some((s) => s["text"] === "model problem");
  afterEach(async () => {
    if (red === undefined) return;
    await red.kill();
    await rm(red.userDir, { recursive: true, force: true });
    red = undefined;
  });

  it("goes on learning where it was, and goes on with an open alarm under the same id", async () => {
    const first = await start({ flows: flow() });
    await all(first, samples(200, 0));
    await sleep(6000); // saved at most every 5 s
    await first.kill();

    const second = await start({ userDir: first.userDir });
    const [next] = await all(second, samples(1, 200));
    assert.equal(anomalyOf(next).state, "learning");
    assert.ok(Math.abs(anomalyOf(next).progress! - 201 / 300) < 1e-9, String(anomalyOf(next).progress));
    await all(second, samples(99, 201));
    await second.waitFor("events", 1, 30_000, (m) => m["topic"] === "learned");
    await all(second, samples(60, 300));
    const faulty = await all(second, samples(40, 360, broken));
    assert.equal(anomalyOf(faulty.at(-1)).alarm, true);
    const id = anomalyOf(faulty.at(-1)).alarmId;
    await sleep(6000);
    await second.kill();

    const third = await start({ userDir: first.userDir });
    const still = await all(third, samples(5, 400, broken));
    assert.equal(anomalyOf(still.at(-1)).alarm, true);
    assert.equal(anomalyOf(still.at(-1)).alarmId, id);
    assert.equal(typeof anomalyOf(still.at(-1)).score, "number");
    await all(third, samples(200, 405));
    const events = (await third.received("events")).map(eventOf);
    assert.equal(events.filter((e) => e["type"] === "alarm-start").length, 0);
    assert.equal(events.find((e) => e["type"] === "alarm-end")?.["id"], id);
    assert.deepEqual(await third.received("errors"), []);
  });

  it("killed while training: trains again after the start, and the store stays whole", async () => {
    const first = await start({ flows: flow({ method: "auto", learnFor: 3000 }) });
    await all(first, samples(2900, 0));
    await sleep(6000);
    await all(first, samples(100, 2900));
    await first.waitFor("events", 1, 20_000, (m) => eventOf(m)["phase"] === "training");
    await first.kill();
    const second = await start({ userDir: first.userDir });
    await all(second, samples(100, 2900));
    await second.waitFor("events", 1, 60_000, (m) => m["topic"] === "learned");
    const after = await all(second, samples(400, 3000));
    assert.equal(anomalyOf(after.at(-1)).state, "watching");
    assert.deepEqual(await second.received("errors"), []);
  });

  it("a damaged model: the last good one is used, and that is said; with none, it learns anew", async () => {
    const first = await start({ flows: flow() });
    await all(first, samples(300, 0));
    await first.waitFor("events", 1, 30_000, (m) => m["topic"] === "learned");
    await all(first, samples(50, 300));
    await first.send("det", { command: "train" });
    await first.waitFor("events", 2, 30_000, (m) => m["topic"] === "learned");
    const active = anomalyOf((await all(first, samples(1, 350)))[0]).model!;
    await first.stop(true);
    const file = (version: number): string => join(first.userDir, "millwright/models/anomaly-det", String(version), "model.onnx");
    await writeFile(file(2), "damaged");

    const second = await start({ userDir: first.userDir });
    const [judged] = await all(second, samples(1, 351));
    assert.equal(anomalyOf(judged).model?.version, 1);
    if (active.version === 2) assert.ok(await saidModelProblem(second));
    await second.stop(true);
    await writeFile(file(1), "");

    const third = await start({ userDir: first.userDir });
    const [anew] = await all(third, samples(1, 352));
    assert.equal(anomalyOf(anew).model, null);
    assert.ok(await saidModelProblem(third));
  });
});
