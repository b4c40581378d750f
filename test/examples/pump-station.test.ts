/** The pump station in a real Node-RED: learns from its history, stays quiet, and names the sensor of each fault. */
import assert from "node:assert/strict";
import { startNodeRed, type NodeRed } from "../support/node-red.ts";
import type { Message } from "../support/probe.ts";
import { Example, eventOf, isEvent, topOf } from "./flows.ts";

const example = new Example("pump-station.json").hurried();
const OPERATOR = example.id("Operator");
const PAGE = example.id("Last five minutes");
const EVENTS = example.id("Alarm list");
const TABLE = example.id("Alarm table");
const PICTURE = example.id("Plant picture");

interface Row {
  readonly id: string;
  readonly what: string;
  readonly sensors: string;
  readonly seen: string;
}

describe("example pump-station", function () {
  this.timeout(120_000);
  let red: NodeRed;
  before(async () => {
    red = await startNodeRed({ flows: example.nodes, link: ["@flowfuse/node-red-dashboard"] });
    await red.watch(PAGE, EVENTS, TABLE, PICTURE);
  });
  after(() => red.stop());

  /** Messages that reached the page, as the detector judged them. */
  const judged = (message: Message): boolean => (message["anomaly"] as Message | undefined)?.["state"] === "watching";
  const press = (fault: string): Promise<void> => red.send(OPERATOR, { topic: "fault", payload: fault });
  const alarms = async (): Promise<number> => (await red.received(EVENTS)).filter(isEvent("alarm-start")).length;
  const rows = async (): Promise<Row[]> => ((await red.received(TABLE)).at(-1)?.["payload"] ?? []) as Row[];

  async function broken(fault: string): Promise<{ started: Message; row: Row }> {
    const before = await alarms();
    await press(fault);
    const started = (await red.waitFor(EVENTS, before + 1, 60_000, isEvent("alarm-start"))).at(-1)!;
    const row = (await rows())[0]!;
    await press("repair");
    await red.waitFor(EVENTS, before + 1, 60_000, isEvent("alarm-end"));
    await red.send(example.id("Confirm the alarm"), {});
    const [said] = await red.waitFor(
      EVENTS,
      1,
      30_000,
      isEvent("feedback", (e) => e["id"] === eventOf(started)!["id"]),
    );
    assert.equal(eventOf(said!)!["kind"], "confirmed");
    return { started, row };
  }

  it("has buttons that ask for what the simulation knows", () => {
    const asked = example.nodes.filter((n) => n.type === "ui-button").map((n) => [n["topic"], n["payload"]]);
    assert.deepEqual(
      asked,
      ["clog", "wear", "stuck", "leak", "repair", "again"].map((fault) => ["fault", fault]),
    );
  });

  it("learns from its history", async () => {
    const [learned] = await red.waitFor(EVENTS, 1, 90_000, isEvent("learned"));
    assert.equal((learned!["payload"] as Message)["promoted"], true);
    await red.waitFor(PAGE, 1, 30_000, judged);
  });

  it("raises no alarm while nothing is broken", async () => {
    await red.waitFor(PAGE, 400, 60_000, judged);
    assert.equal(await alarms(), 0);
  });

  it("shows five signals on the page", async () => {
    const last = (await red.received(PICTURE)).at(-1)!["payload"] as { signals: { name: string; seen: number }[] };
    assert.deepEqual(
      last.signals.map((s) => s.name),
      ["flow", "pressure", "current", "vibration", "temperature"],
    );
    assert.ok(last.signals.every((s) => Number.isFinite(s.seen)));
  });

  for (const [fault, what, sensor] of [
    ["clog", "a clogged valve", "flow"],
    ["wear", "a worn bearing", "vibration"],
    ["leak", "a leak", "pressure"],
  ] as const) {
    it(`names ${sensor} for ${what}, and the alarm ends with the repair`, async () => {
      const { started, row } = await broken(fault);
      assert.equal(topOf(started)[0]!.signal, sensor);
      assert.match(row.sensors, new RegExp(`^${sensor} \\d+ %`));
      assert.match(row.seen, /\d/);
      assert.match((await rows())[0]!.what, /over/);
    });
  }

  it("names the stuck pressure sensor in the same list", async () => {
    await press("stuck");
    await red.waitFor(
      EVENTS,
      1,
      60_000,
      isEvent("health", (e) => e["signal"] === "pressure" && e["code"] === "stuck"),
    );
    assert.equal((await rows()).find((r) => r.id.startsWith("health"))?.sensors, "pressure is stuck");
    await press("repair");
    await red.waitFor(
      EVENTS,
      1,
      60_000,
      isEvent("health", (e) => e["signal"] === "pressure" && e["code"] === "ok"),
    );
  });

  it("logged no error", () => {
    assert.doesNotMatch(red.log(), /\[error\]/);
  });
});
