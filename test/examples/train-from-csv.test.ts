/** The CSV example: writes a record, learns from the file, and finds a fault in the live readings. */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startNodeRed, type NodeRed } from "../support/node-red.ts";
import type { Message } from "../support/probe.ts";
import { Example, isEvent, topOf } from "./flows.ts";

const example = new Example("train-from-csv.json").hurried();
const EVENTS = example.id("Events");
const DETECTOR = example.id("Pump detector");
const IN_ALARM = example.id("Only while in alarm");

describe("example train-from-csv", function () {
  this.timeout(120_000);
  let folder: string;
  let red: NodeRed;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "millwright-csv-"));
    red = await startNodeRed({ flows: example.nodes, env: { TMPDIR: folder, TEMP: folder, TMP: folder } });
    await red.watch(EVENTS, DETECTOR, IN_ALARM, example.id("Where the record is"));
  });
  after(async () => {
    await red.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const state = (message: Message): unknown => (message["anomaly"] as Message | undefined)?.["state"];

  it("waits for the command before it has learned", async () => {
    await red.waitFor(IN_ALARM, 3, 30_000, (m) => state(m) === "waiting");
  });

  it("writes two hours of readings as CSV", async () => {
    await red.inject(example.id("1. Record two hours"));
    const end = Date.now() + 30_000;
    let lines: string[] = [];
    while (lines.length < 7202 && Date.now() < end) {
      await red.waitFor(IN_ALARM, 1);
      const text = await readFile(join(folder, "millwright-pump-record.csv"), "utf8").catch(() => "");
      lines = text.split("\n");
    }
    assert.equal(lines[0], "timestamp,flow,pressure,current,vibration,temperature");
    assert.equal(lines.length, 7202); // header, 7200 rows, end of the last line
  });

  it("learns from the file and then watches", async () => {
    await red.inject(example.id("2. Learn from the file"));
    const [learned] = await red.waitFor(EVENTS, 1, 90_000, isEvent("learned"));
    assert.equal((learned!["payload"] as Message)["promoted"], true);
    assert.ok(((learned!["payload"] as Message)["samples"] as number) > 7000);
    await red.waitFor(IN_ALARM, 100, 60_000, (m) => state(m) === "watching");
  });

  it("names the flow when the valve clogs", async () => {
    await red.inject(example.id("3. Clog the valve"));
    const [alarm] = await red.waitFor(EVENTS, 1, 60_000, isEvent("alarm-start"));
    assert.equal(topOf(alarm!)[0]!.signal, "flow");
    await red.inject(example.id("Repair"));
    await red.waitFor(EVENTS, 1, 60_000, isEvent("alarm-end"));
    assert.doesNotMatch(red.log(), /\[error\]/);
  });
});
