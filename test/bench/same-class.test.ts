/** The benchmarks' figures are the node's: the node in Node-RED, with its training process and its model file, gives the scores that the bench writes. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { feed } from "../../bench/lib/feed.ts";
import { simulate } from "../../bench/lib/simulate.ts";
import { DEFAULTS } from "../../lib/detect/defaults.ts";
import { Detector } from "../../lib/detect/detector.ts";
import type { Anomaly } from "../../lib/detect/station/result.ts";
import anomaly from "../../nodes/anomaly/runtime.ts";
import { options } from "../../nodes/anomaly/options.ts";
import signals from "../../nodes/signals/runtime.ts";
import { helper } from "../support/helper.ts";

const LEARN = 400;
const T0 = Date.UTC(2026, 0, 1);

describe("the node and the benchmarks", function () {
  this.timeout(60_000);
  let userDir = "";
  before((done) => {
    helper.startServer(done);
  });
  after((done) => {
    helper.stopServer(done);
  });
  beforeEach(async () => {
    userDir = await mkdtemp(join(tmpdir(), "mw-same-"));
    helper.settings({ userDir });
  });
  afterEach(async () => {
    await helper.unload();
    await rm(userDir, { recursive: true, force: true });
  });

  it("share one default configuration", () => {
    assert.equal(options.method.default, DEFAULTS.method);
    assert.equal(options.mode.default, DEFAULTS.mode);
    assert.equal(options.learnFor.default, DEFAULTS.learnSamples);
    assert.equal(options.falseAlarms.default, DEFAULTS.falseAlarmsPerWeek);
    assert.equal(options.confidence.default, DEFAULTS.confidence);
    assert.equal(options.clearAt.default, DEFAULTS.clearAt);
    assert.equal(options.refractory.default, DEFAULTS.refractory);
    assert.equal(options.seed.default, DEFAULTS.seed);
  });

  for (const count of [1, 4])
    it(`give the same scores and alarms with ${count} signal${count > 1 ? "s" : ""}`, async () => {
      const specs = Array.from({ length: count }, (_, i) => ({ name: `s${i + 1}`, unit: "", low: null, high: null, kind: "auto" as const }));
      const source = simulate(count === 1 ? "seasonal" : "autocorrelated", count, 3);
      const rows = Array.from({ length: 900 }, (_, r) => {
        const x = new Float64Array(count);
        source.next(x);
        if (r >= 700 && r < 760) x[0] = x[0]! * 1.8; // a fault
        return x;
      });
      const times = rows.map((_, r) => T0 + r * 1000);
      const expected = feed(new Detector({ ...DEFAULTS, signals: specs, learnSamples: LEARN }), { rows, times });
      assert.ok(expected.alarm.includes(1), "the fault is seen");

      await helper.load([signals, anomaly], [
        { id: "sig", type: "millwright-signals", name: "s", signals: JSON.stringify(specs), periodMs: 0 },
        { id: "det", type: "millwright-anomaly", signals: "sig", learnFor: LEARN, wires: [["out"], ["events"]] },
        { id: "out", type: "helper" },
        { id: "events", type: "helper" },
      ] as never);
      const got: Anomaly[] = [];
      const topics: unknown[] = [];
      helper.getNode("out").on("input", (msg) => got.push((msg as unknown as { anomaly: Anomaly }).anomaly));
      helper.getNode("events").on("input", (msg) => topics.push(msg.topic));
      const node = helper.getNode("det");
      const send = (from: number, to: number): void => {
        for (let r = from; r < to; r++) node.receive({ payload: [...rows[r]!], timestamp: times[r]! });
      };
      send(0, LEARN);
      for (let i = 0; !topics.includes("learned") && i < 3000; i++) await sleep(10);
      assert.ok(topics.includes("learned"), "the node has learned");
      send(LEARN, rows.length);
      for (let i = 0; got.length < rows.length && i < 1000; i++) await sleep(10);
      assert.equal(got.length, rows.length);
      for (let r = LEARN; r < rows.length; r++) {
        const { score, alarm } = got[r]!;
        assert.ok(
          score !== null && Math.abs(score - expected.score[r]!) <= 1e-9 * Math.max(1, expected.score[r]!),
          `row ${r}: ${score} against ${expected.score[r]}`,
        );
        assert.equal(alarm ? 1 : 0, expected.alarm[r], `alarm at row ${r}`);
      }
    });
});
