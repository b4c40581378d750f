import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import type { Detector } from "../../../../lib/detect/detector.ts";
import { ArrivalClock } from "../../../../lib/detect/station/arrival.ts";
import { ModelBus } from "../../../../lib/detect/station/bus.ts";
import { parseCommand, parseFeedback, parseVersion } from "../../../../lib/detect/station/commands.ts";
import { evaluate } from "../../../../lib/detect/station/evaluate.ts";
import { Gate } from "../../../../lib/detect/station/gate.ts";
import { Lane } from "../../../../lib/detect/station/lane.ts";
import type { Scored } from "../../../../lib/detect/station/replay.ts";
import { Silence } from "../../../../lib/detect/station/silence.ts";
import { Saver } from "../../../../lib/detect/station/saver.ts";
import type { Dataset } from "../../../../lib/message/dataset.ts";
import { SPECS } from "./support.ts";

describe("detect/station: lane", () => {
  it("lets messages leave in the order they entered, whatever takes how long", async () => {
    const lane = new Lane();
    const left: number[] = [];
    const slow = lane.pass(sleep(30, 1), (v) => left.push(v!));
    const failing = lane.pass(Promise.reject(new Error("no")), () => left.push(99));
    const quick = lane.pass(sleep(1, 2), (v) => left.push(v!));
    const live = lane.pass(undefined, () => left.push(3));
    assert.equal(lane.busy, true);
    await assert.rejects(failing, /no/);
    await Promise.all([slow, quick, live]);
    assert.deepEqual(left, [1, 2, 3]);
    assert.equal(lane.busy, false);
  });

  it("says when too many wait", async () => {
    const lane = new Lane();
    const slow = lane.pass(sleep(20), () => {});
    const all = Array.from({ length: 10_000 }, () => lane.pass(undefined, () => {}));
    await assert.rejects(all.at(-1)!, { code: "MW_OVERLOAD" });
    await Promise.all([slow, ...all.slice(0, -1)]);
  });
});

/** Which turn of the event loop it is. */
function turns(): { readonly now: () => number; readonly stop: () => void } {
  let turn = 0;
  let running = true;
  const next = (): void => {
    turn++;
    if (running) setImmediate(next);
  };
  setImmediate(next);
  return { now: () => turn, stop: () => void (running = false) };
}
function work(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

describe("detect/station: what has piled up", () => {
  it("leaves the gate and the lane in order, in many turns of the event loop", async () => {
    const loop = turns();
    const [gate, lane] = [new Gate(), new Lane()];
    for (const kind of ["gate", "lane"] as const) {
      const left: number[] = [];
      const seen = new Set<number>();
      const go = (i: number): void => {
        work(0.05);
        left.push(i);
        seen.add(loop.now());
      };
      if (kind === "gate") gate.closeFor(sleep(5));
      const first = kind === "lane" ? lane.pass(sleep(5), () => {}) : undefined;
      await Promise.all([first, ...Array.from({ length: 400 }, (_, i) => (kind === "gate" ? gate.pass(() => go(i)) : lane.pass(undefined, () => go(i))))]);
      assert.deepEqual(
        left,
        Array.from({ length: 400 }, (_, i) => i),
      );
      assert.ok(seen.size >= 10, `${kind}: ${seen.size} turns`);
    }
    loop.stop();
  });

  it("what comes while the gate lets others pass goes behind them; what closes it again holds the rest", async () => {
    const gate = new Gate();
    const passed: number[] = [];
    gate.closeFor(sleep(5));
    const all: Promise<unknown>[] = Array.from({ length: 50 }, (_, i) =>
      gate.pass(() => {
        work(0.1);
        passed.push(i);
        if (i === 10) all.push(gate.pass(() => passed.push(50)));
        if (i === 20) gate.closeFor(sleep(5));
      }),
    );
    await gate.drained();
    await Promise.all(all);
    assert.deepEqual(
      passed,
      Array.from({ length: 51 }, (_, i) => i),
    );
    assert.equal(gate.closed, false);
  });
});

describe("detect/station: gate", () => {
  it("holds messages in order until the work is over, also when it fails", async () => {
    const gate = new Gate();
    const passed: number[] = [];
    gate.closeFor(sleep(10).then(() => Promise.reject(new Error("work"))));
    assert.equal(gate.closed, true);
    await Promise.all([1, 2, 3].map((i) => gate.pass(() => passed.push(i))));
    assert.deepEqual(passed, [1, 2, 3]);
    assert.equal(gate.closed, false);
  });
});

describe("detect/station: saver", () => {
  it("saves at most once per interval, and on close what is left", async () => {
    let saves = 0;
    const saver = new Saver({ intervalMs: 30, save: () => Promise.resolve((saves++, undefined)), failed: () => assert.fail() });
    for (let i = 0; i < 50; i++) {
      saver.touch();
      await sleep(2);
    }
    assert.ok(saves >= 1 && saves <= 6, String(saves));
    saver.touch();
    const before = saves;
    await saver.close();
    assert.equal(saves, before + 1);
    saver.touch();
    await sleep(50);
    assert.equal(saves, before + 1);
  });

  it("tells a failure once, tries again, and tells anew after a success", async () => {
    let broken = true;
    let told = 0;
    let saves = 0;
    const save = async (): Promise<void> => {
      saves++;
      if (broken) throw new Error("full");
      return Promise.resolve();
    };
    const saver = new Saver({ intervalMs: 5, save, failed: () => told++ });
    saver.touch();
    await sleep(60);
    assert.equal(told, 1);
    assert.ok(saves > 2);
    broken = false;
    await sleep(30);
    broken = true;
    saver.touch();
    await sleep(30);
    assert.equal(told, 2);
    await saver.drop();
  });
});

describe("detect/station: bus", () => {
  it("tells all others of the same model, nobody after leaving", () => {
    const bus = new ModelBus();
    const heard: string[] = [];
    const a = (): void => void heard.push("a");
    const b = (): void => void heard.push("b");
    const leaveA = bus.join("m", a);
    const leaveB = bus.join("m", b);
    bus.join("other", () => heard.push("other"))();
    bus.tell("m", "trained", a);
    assert.deepEqual(heard, ["b"]);
    leaveA();
    leaveB();
    bus.tell("m", "trained", a);
    assert.deepEqual(heard, ["b"]);
    assert.equal(bus.size, 0);
  });
});

describe("detect/station: silence", () => {
  it("is told once, and again only after a sample has come", async () => {
    let silent = 0;
    const detector = { silentFor: () => silent } as unknown as Detector;
    const told: number[] = [];
    const silence = new Silence((ms) => told.push(ms), 5);
    silence.heard(detector);
    await sleep(30);
    assert.deepEqual(told, []);
    silent = 7000;
    await sleep(40);
    assert.deepEqual(told, [7000]);
    silence.heard(detector);
    silent = 9000;
    await sleep(40);
    assert.deepEqual(told, [7000, 9000]);
    silence.close();
    silence.heard(detector);
    silence.close();
  });
});

describe("detect/station: arrival clock", () => {
  it("never gives the same time twice, and follows a clock that was set", () => {
    let now = 1000;
    const clock = new ArrivalClock(() => now);
    const times = [clock.next(), clock.next(), clock.next()];
    assert.ok(times[0]! < times[1]! && times[1]! < times[2]! && times[2]! < 1001);
    now = 900; // a small step back is made good
    assert.ok(clock.next() > 1000);
    now = -5000;
    assert.equal(clock.next(), -5000);
  });
});

describe("detect/station: commands", () => {
  it("knows its words", () => {
    assert.equal(parseCommand("train"), "train");
    for (const bad of ["Train", "", 1, {}, null]) assert.throws(() => parseCommand(bad), { code: "MW_COMMAND_UNKNOWN" });
  });

  it("reads the version to promote", () => {
    assert.equal(parseVersion(3, undefined), 3);
    assert.equal(parseVersion("4", undefined), 4);
    assert.equal(parseVersion(undefined, { version: 5 }), 5);
    assert.equal(parseVersion(undefined, 1_700_000_000_000), undefined); // the time stamp of an inject node
    for (const bad of ["x", 0, -1, 1.5, {}, true]) assert.throws(() => parseVersion(bad, undefined), { code: "MW_PAYLOAD_TYPE" });
  });

  it("reads feedback in every form it may have", () => {
    const byId = { kind: "falseAlarm", target: { id: "A1" } };
    assert.deepEqual(parseFeedback({ kind: "falseAlarm", id: "A1" }, undefined), byId);
    assert.deepEqual(parseFeedback("falseAlarm", { type: "alarm-start", id: "A1" }), byId);
    assert.deepEqual(parseFeedback("falseAlarm", "A1"), byId);
    assert.deepEqual(parseFeedback(undefined, { kind: "falseAlarm", id: "A1" }), byId);
    assert.deepEqual(parseFeedback({ kind: "missed", from: 5, to: "1970-01-01T00:00:01Z" }, undefined), { kind: "missed", target: { from: 5, to: 1000 } });
    for (const [feedback, payload] of [
      [undefined, undefined],
      ["wrong", "A1"],
      ["missed", {}],
      [{ kind: "missed", from: 5 }, 1],
      [{ kind: "missed", from: 9, to: 5 }, 1],
      [{ kind: "confirmed", id: "" }, 1],
      [5, 5],
    ] as const) {
      assert.throws(() => parseFeedback(feedback, payload), { code: "MW_FEEDBACK_INVALID" }, JSON.stringify([feedback, payload]));
    }
  });
});

describe("detect/station: evaluation", () => {
  const data = (rows: number, labels?: Int8Array): Dataset => ({
    signals: SPECS,
    x: { rows, cols: 3, data: new Float64Array(rows * 3) },
    times: Float64Array.from({ length: rows }, (_, i) => i * 60_000),
    hasTimes: true,
    ...(labels ? { labels } : {}),
    usable: Uint8Array.from({ length: rows }, (_, r) => (labels?.[r] === 1 ? 0 : 1)),
    notes: [],
  });
  const scored = (rows: number, alarmed: readonly [number, number][]): Scored => {
    const alarms = new Array<boolean>(rows).fill(false);
    for (const [from, to] of alarmed) alarms.fill(true, from, to + 1);
    const episodes = alarmed.map(([firstRow, lastRow], i) => ({ id: `A${i}`, firstRow, lastRow, start: 0, end: 0, peak: 2, top: [] }));
    return {
      scores: alarms.map((a, i) => (i === 0 ? null : a ? 2 : 0.5)),
      alarms,
      episodes,
      peakRow: 1,
      contributions: new Float64Array(3),
      expected: new Float64Array(3),
      unjudged: 0,
    };
  };
  const never = new AbortController().signal;

  it("without labels every alarm is a false one", async () => {
    const e = await evaluate(
      data(10_081),
      scored(10_081, [
        [10, 20],
        [100, 100],
      ]),
      0,
      never,
    );
    assert.equal(e.falseAlarms, 2);
    assert.ok(Math.abs(e.falseAlarmsPerWeek! - 2) < 1e-9);
    assert.equal(e.judged, 10_080);
    assert.ok(Math.abs(e.normalScores.median! - 0.5) < 0.01);
    assert.equal(e.normalScores.highest, 2);
    assert.equal(e.labelled, undefined);
  });

  it("with labels: detection, delay, precision, recall", async () => {
    const labels = new Int8Array(100);
    labels.fill(1, 10, 20);
    labels.fill(1, 50, 60);
    const e = await evaluate(
      data(100, labels),
      scored(100, [
        [14, 23],
        [80, 81],
      ]),
      0,
      never,
    );
    assert.equal(e.falseAlarms, 1);
    assert.deepEqual(e.labelled, { anomalies: 2, detected: 1, delayRows: 4, precision: 6 / 12, recall: 6 / 20, f1: 12 / (12 + 6 + 14) });
  });

  it("data without times: the period counts, or nothing is claimed", async () => {
    const untimed = { ...data(100), hasTimes: false };
    assert.equal((await evaluate(untimed, scored(100, [[5, 6]]), 0, never)).falseAlarmsPerWeek, null);
    assert.ok((await evaluate(untimed, scored(100, [[5, 6]]), 1000, never)).falseAlarmsPerWeek! > 6000);
  });
});
