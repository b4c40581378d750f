import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { BatchAnomaly } from "../../../../lib/detect/station/batch.ts";
import { ModelBus } from "../../../../lib/detect/station/bus.ts";
import type { FitJob } from "../../../../lib/detect/settings.ts";
import type { LearnedEvent } from "../../../../lib/detect/station/events.ts";
import type { Anomaly } from "../../../../lib/detect/station/result.ts";
import type { Message } from "../../../../lib/detect/station.ts";
import { MemoryShelf, plant, rig, SPECS, type Rig, type RigOptions } from "./support.ts";

const T0 = Date.UTC(2026, 0, 1);
const at =
  (from: number) =>
  (i: number): Message => ({ timestamp: T0 + (from + i) * 1000 });
const shake = (s: { vib: number }): void => {
  s.vib += 4;
};
const last = (r: Rig): Anomaly => r.out.at(-1)!["anomaly"] as Anomaly;
const batchOf = (m: Message): BatchAnomaly => m["anomaly"] as BatchAnomaly;

describe("detect/station", function () {
  this.timeout(30_000);
  const open: Rig[] = [];
  const make = async (options?: RigOptions): Promise<Rig> => {
    const r = await rig(options);
    open.push(r);
    return r;
  };
  /** A station that has learned samples 0..299. */
  const watching = async (options?: RigOptions): Promise<Rig> => {
    const r = await make(options);
    await r.feed(plant(300), at(0));
    await r.event("learned");
    return r;
  };
  afterEach(async () => {
    const rigs = open.splice(0);
    for (const r of rigs) await r.station.close(true); // all of them first: some share a folder
    for (const r of rigs) await rm(r.folder, { recursive: true, force: true });
  });

  describe("learn first, then watch", () => {
    it("tells its progress, trains once, watches, names the signal that is wrong", async () => {
      const r = await watching();
      await r.feed(plant(60, 300), at(300));
      assert.equal(last(r).state, "watching");
      assert.equal(last(r).alarm, false);
      await r.feed(plant(40, 360, shake), at(360));
      const a = last(r);
      assert.equal(a.alarm, true);
      assert.ok(a.severity === "alarm" || a.severity === "critical");
      const sum = Object.values(a.contributions).reduce((x, y) => x + y, 0);
      assert.ok(Math.abs(sum - a.score!) < 1e-9 * a.score!);
      assert.ok(a.contributions["vib"]! > 0.9 * a.score!);
      await r.feed(plant(200, 400), at(400));
      assert.equal(last(r).alarm, false);
      const types = r.types();
      assert.equal(types.filter((t) => t === "learned").length, 1);
      const progress = r.events.filter((e) => e.type === "learning" && e.phase === "learning");
      assert.ok(progress.length >= 9 && progress.length <= 15, String(progress.length));
      const [start, end] = [await r.event("alarm-start"), await r.event("alarm-end")];
      assert.equal(start.id, end.id);
      assert.equal(start.id, a.alarmId);
      assert.equal(start.top[0]?.signal, "vib");
      assert.ok(end.durationMs > 20_000 && end.durationMs < 100_000, String(end.durationMs));
      assert.deepEqual(r.reports, []);
      for (const text of ["learning 50", "ok", "ALARM".toLowerCase()])
        assert.ok(
          r.statuses.some((s) => s.startsWith(text)),
          text,
        );
    });

    it("passes every message on, in order, with one result each", async () => {
      const r = await make();
      await r.feed(plant(700), (i) => ({ ...at(0)(i), n: i }));
      assert.deepEqual(
        r.out.map((m) => m["n"]),
        Array.from({ length: 700 }, (_, i) => i),
      );
      assert.ok(r.out.every((m) => typeof m["anomaly"] === "object"));
    });

    it("gives a new object with every message", async () => {
      const r = await watching();
      await r.feed(plant(3, 300), at(300));
      const [a, b] = r.out.slice(-2).map((m) => m["anomaly"] as Anomaly);
      assert.notEqual(a, b);
      for (const key of ["contributions", "expected", "health", "model"] as const) assert.notEqual(a![key], b![key], key);
    });

    it("learns for a time instead of a number", async () => {
      const r = await make({ detector: { learnSamples: 0, learnMs: 299_000 } });
      await r.feed(plant(310), at(0));
      assert.equal((await r.event("learned")).samples, 300);
    });

    it("takes the signals of the first message when none are set", async () => {
      const r = await make({ settings: { signals: undefined } });
      await r.feed(plant(300), at(0));
      await r.event("learned");
      await r.feed(plant(20, 300), at(300));
      assert.deepEqual(Object.keys(last(r).contributions), ["flow", "pressure", "vib"]);
      const numbers = await make({ settings: { signals: undefined } });
      await numbers.send({ payload: 5 });
      assert.equal(last(numbers).state, "learning");
      const arrays = await make({ settings: { signals: undefined } });
      await arrays.send({ payload: [1, 2] });
      await assert.rejects(arrays.send({ payload: [1, 2, 3] }), { code: "MW_SAMPLE_LENGTH" });
    });

    it("leaves out what is excluded", async () => {
      const r = await make();
      await r.feed(plant(100), at(0));
      await r.feed(plant(1, 100), () => ({ ...at(100)(0), exclude: [[T0 + 20_000, T0 + 60_500]] }));
      await r.feed(plant(199, 101), at(101));
      assert.ok((await r.event("learned")).samples <= 260);
    });

    it("a failed training run is reported, and tried again with more samples", async () => {
      const r = await make();
      let fail = true;
      r.trainer.before = async () => (fail ? Promise.reject(new Error("no luck")) : Promise.resolve());
      await r.feed(plant(310), at(0));
      await sleep(20);
      assert.deepEqual(
        r.reports.map((e) => e.code),
        ["MW_INTERNAL"],
      );
      assert.equal(r.trainer.runs, 1);
      fail = false;
      await r.feed(plant(300, 310), at(310));
      await r.event("learned");
      assert.equal(r.trainer.runs, 2);
    });
  });

  describe("modes", () => {
    it("continuous: learns again from what was not alarmed", async () => {
      const r = await watching({ detector: { mode: "continuous" } });
      for (let from = 300; from < 1000; from += 50) {
        await r.feed(plant(50, from), at(from));
        await sleep(5);
      }
      assert.ok(r.trainer.runs >= 2, String(r.trainer.runs));
      assert.ok(last(r).model!.version >= 2);
    });

    it("command: gathers, waits, learns when told", async () => {
      const r = await make({ detector: { mode: "command" } });
      await r.feed(plant(500), at(0));
      assert.equal(last(r).state, "waiting");
      assert.equal(r.trainer.runs, 0);
      const answer = await r.send({ command: "train", payload: Date.now() });
      assert.equal((answer["anomaly"] as LearnedEvent).promoted, true);
      await r.feed(plant(20, 500), at(500));
      assert.equal(last(r).state, "watching");
    });

    it("manual promotion: the candidate waits, is promoted, is rolled back", async () => {
      const r = await make({ model: { promote: "manual" } });
      await r.feed(plant(300), at(0));
      const learned = await r.event("learned");
      assert.equal(learned.promoted, false);
      await r.feed(plant(300, 300), at(300));
      assert.equal(last(r).state, "waiting");
      assert.equal(r.trainer.runs, 1);
      assert.ok(r.statuses.includes("candidate 1"));
      await r.send({ command: "promote" });
      await r.feed(plant(20, 600), at(600));
      assert.equal(last(r).model?.version, 1);
      await r.send({ command: "train" });
      await r.feed(plant(1, 620), at(620));
      assert.equal(last(r).model?.version, 1);
      await r.send({ command: "promote", version: 2 });
      await r.feed(plant(1, 621), at(621));
      assert.equal(last(r).model?.version, 2);
      await r.send({ command: "rollback" });
      await r.feed(plant(1, 622), at(622));
      assert.equal(last(r).model?.version, 1);
      await assert.rejects(r.send({ command: "promote", version: 9 }), { code: "MW_MODEL_NOT_FOUND" });
    });
  });

  describe("windows and datasets", () => {
    it("are scored whole, without touching the live stream", async () => {
      const [r, twin] = [await watching(), await watching()];
      for (const x of [r, twin]) await x.feed(plant(100, 300), at(300));
      const rows = [...plant(300, 1000), ...plant(50, 1300, shake), ...plant(100, 1350)];
      const b = batchOf(await r.send({ payload: rows }));
      assert.equal(b.scores.length, 450);
      assert.equal(b.alarms.length, 450);
      assert.equal(b.episodes.length, 1);
      assert.ok(b.episodes[0]!.firstRow >= 300 && b.episodes[0]!.firstRow < 320);
      assert.ok(b.peakRow >= 300 && b.peakRow < 360);
      assert.equal(b.alarm, true);
      assert.ok(b.contributions["vib"]! > 0.9 * b.score!);
      assert.deepEqual(
        r.types().filter((t) => t.startsWith("alarm")),
        [],
      );
      for (const x of [r, twin]) await x.feed(plant(20, 400), at(400));
      const scores = (x: Rig): (number | null)[] => x.out.slice(-20).map((m) => (m["anomaly"] as Anomaly).score);
      assert.deepEqual(scores(r), scores(twin));
    });

    it("CSV text, arrays of arrays and typed arrays work the same", async () => {
      const r = await watching();
      const rows = Array.from(plant(200, 1000));
      const lines = rows.map((s) => `${s["flow"]};${s["pressure"]};${s["vib"]}`);
      const forms: unknown[] = [
        rows,
        rows.map((s) => [s["flow"], s["pressure"], s["vib"]]),
        ["flow;pressure;vib", ...lines].join("\n"),
        rows.map((s) => Float64Array.of(s["flow"]!, s["pressure"]!, s["vib"]!)),
      ];
      const scores: unknown[] = [];
      for (const payload of forms) scores.push(batchOf(await r.send({ payload })).scores);
      for (const s of scores.slice(1)) assert.deepEqual(s, scores[0]);
    });

    it("keep the order of messages, while live samples are judged at once", async () => {
      const r = await watching();
      await r.feed(plant(10, 300), at(300));
      r.out.length = 0;
      const signal = new AbortController().signal;
      const big = r.station.input({ payload: Array.from(plant(5000, 1000)), n: 0 }, (m) => r.out.push(m), signal) as Promise<void>;
      const rest = Array.from(plant(50, 310, shake), (payload, i) => r.station.input({ payload, n: i + 1, ...at(310)(i) }, (m) => r.out.push(m), signal));
      assert.deepEqual(r.out, []);
      assert.ok(r.types().includes("alarm-start"));
      await Promise.all([big, ...rest]);
      assert.deepEqual(
        r.out.map((m) => m["n"]),
        Array.from({ length: 51 }, (_, i) => i),
      );
    });

    it("while learning, their rows are learned in order", async () => {
      const r = await make();
      const rows = Array.from(plant(299));
      const m = await r.send({ payload: rows, timestamp: rows.map((_, i) => T0 + i * 1000) });
      assert.equal(batchOf(m).state, "learning");
      assert.ok(batchOf(m).scores.every((s) => s === null));
      await r.feed(plant(1, 299), at(299));
      assert.equal((await r.event("learned")).samples, 300);
    });

    it("rows labelled anomalous are not learned", async () => {
      const r = await make({ detector: { mode: "command" } });
      const rows = [...plant(600), ...plant(100, 600, shake), ...plant(300, 700)];
      await r.send({ command: "train", payload: rows, labels: rows.map((_, i) => (i >= 600 && i < 700 ? 1 : 0)) });
      assert.equal((await r.event("learned")).samples, 900);
      const evaluated = await r.send({ command: "evaluate", payload: rows, labels: rows.map((_, i) => (i >= 600 && i < 700 ? 1 : 0)) });
      const { evaluation } = evaluated["anomaly"] as { evaluation: { falseAlarms: number; labelled: { detected: number; recall: number } } };
      assert.equal(evaluation.labelled.detected, 1);
      assert.ok(evaluation.labelled.recall > 0.8);
      assert.equal(evaluation.falseAlarms, 0);
    });

    it("do not hold the thread, however long they are", async () => {
      const r = await watching();
      const rows = Array.from(plant(60_000, 1000), (s) => [s["flow"], s["pressure"], s["vib"]]);
      let turns = 0;
      let running = true;
      const turn = (): void => {
        turns++;
        if (running) setImmediate(turn);
      };
      setImmediate(turn);
      const begun = performance.now();
      const b = batchOf(await r.send({ payload: rows }));
      const took = performance.now() - begun;
      running = false;
      assert.equal(b.scores.length, 60_000);
      assert.ok(turns > took / 5, `${turns} turns of the event loop in ${took} ms`); // slices of half a millisecond, and garbage collection
    });
  });

  describe("commands", () => {
    it("status answers at any time", async () => {
      const r = await make();
      assert.equal(((await r.send({ command: "status" }))["anomaly"] as { state: string }).state, "learning");
      const w = await watching();
      const s = (await w.send({ command: "status" }))["anomaly"] as { state: string; model: { version: number }; why: string };
      assert.equal(s.state, "watching");
      assert.equal(s.model.version, 1);
      assert.ok(s.why.length > 10);
    });

    it("feedback with the alarm's id moves the limit", async () => {
      const r = await watching();
      await r.feed(plant(60, 300), at(300));
      await r.feed(
        plant(30, 360, (s) => (s.vib += 0.6)),
        at(360),
      );
      const start = await r.event("alarm-start");
      await r.feed(plant(200, 390), at(390));
      await r.send({ command: "feedback", feedback: { kind: "falseAlarm", id: start.id } });
      const f = await r.event("feedback");
      assert.ok(f.limitAfter > f.limitBefore && f.reached);
      await assert.rejects(r.send({ command: "feedback", feedback: { kind: "falseAlarm", id: "A0" } }), { code: "MW_FEEDBACK_INVALID" });
      const again = r.types().filter((t) => t === "alarm-start").length;
      await r.feed(
        plant(30, 590, (s) => (s.vib += 0.6)),
        at(590),
      );
      assert.equal(r.types().filter((t) => t === "alarm-start").length, again);
    });

    it("reset learns anew, also after a restart; the old versions stay", async () => {
      const r = await watching();
      await r.send({ command: "reset" });
      await r.feed(plant(100, 300), at(300));
      assert.equal(last(r).state, "learning");
      await r.station.close(false);
      const again = await make({ folder: r.folder, shelf: r.shelf });
      await again.feed(plant(10, 400), at(400));
      assert.equal(last(again).state, "learning");
      assert.ok(Math.abs(last(again).progress! - 110 / 300) < 1e-9);
      await again.feed(plant(190, 410), at(410));
      await again.event("learned");
      assert.equal(again.shelf.all.length, 2);
    });

    it("reset in an alarm: who heard of its start hears of its end", async () => {
      const r = await watching();
      await r.feed(plant(60, 300), at(300));
      await r.feed(plant(30, 360, shake), at(360));
      const { id } = await r.event("alarm-start");
      await r.send({ command: "reset" });
      await r.feed(plant(1, 390), at(390));
      assert.equal((await r.event("alarm-end")).id, id);
    });

    it("cancel ends a run; training starts again only by command", async () => {
      const r = await make();
      r.trainer.before = (_, signal) => new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error)));
      await r.feed(plant(300), at(0));
      await sleep(5);
      assert.equal(((await r.send({ command: "cancel" }))["anomaly"] as { cancelled: boolean }).cancelled, true);
      await sleep(5);
      await r.feed(plant(400, 300), at(300));
      assert.equal(r.trainer.runs, 1);
      assert.equal(last(r).state, "waiting");
      r.trainer.before = async () => {};
      await r.send({ command: "train" });
      await r.feed(plant(20, 700), at(700));
      assert.equal(last(r).state, "watching");
    });

    it("two trainings at once: the second is refused", async () => {
      const r = await watching();
      r.trainer.before = () => sleep(30);
      const first = r.send({ command: "train" });
      await assert.rejects(r.send({ command: "train" }), { code: "MW_TRAIN_BUSY" });
      await first;
    });

    const impossible: readonly [Message, string][] = [
      [{ command: "evaluate" }, "MW_COMMAND_STATE"],
      [{ command: "promote" }, "MW_COMMAND_STATE"],
      [{ command: "rollback" }, "MW_MODEL_NOT_FOUND"],
      [{ command: "train" }, "MW_DATASET_TOO_SMALL"],
      [{ command: "feedback" }, "MW_FEEDBACK_INVALID"],
      [{ command: "feedback", feedback: { kind: "missed", from: 1, to: 2 } }, "MW_COMMAND_STATE"],
      [{ command: "explode" }, "MW_COMMAND_UNKNOWN"],
      [{ command: { a: 1 } }, "MW_COMMAND_UNKNOWN"],
      [{ command: "promote", version: "x" }, "MW_PAYLOAD_TYPE"],
    ];
    for (const [msg, code] of impossible) {
      it(`${JSON.stringify(msg)} before anything was learned: ${code}, the message as it came`, async () => {
        const r = await make();
        const before = structuredClone(msg);
        await assert.rejects((async () => r.send(msg))(), { code });
        assert.deepEqual(msg, before);
        await r.feed(plant(3), at(0));
        assert.equal(last(r).state, "learning");
      });
    }
  });

  describe("state on disk", () => {
    it("watching goes on: same scores as without the restart, same alarm", async () => {
      const [r, twin] = [await watching(), await watching()];
      for (const x of [r, twin]) {
        await x.feed(plant(60, 300), at(300));
        await x.feed(plant(30, 360, shake), at(360));
      }
      await r.station.close(false);
      const again = await make({ folder: r.folder, shelf: r.shelf });
      for (const x of [again, twin]) await x.feed(plant(100, 390), at(390));
      const scores = (x: Rig): unknown[] => x.out.slice(-100).map((m) => [(m["anomaly"] as Anomaly).score, (m["anomaly"] as Anomaly).alarm]);
      assert.deepEqual(scores(again), scores(twin));
      assert.equal((await again.event("alarm-end")).id, (await r.event("alarm-start")).id);
    });

    it("a state of other signals is said, and learning begins anew", async () => {
      const r = await make();
      await r.feed(plant(100), at(0));
      await r.station.close(false);
      const other = await make({ folder: r.folder, shelf: r.shelf, settings: { signals: { signals: SPECS.slice(0, 2), periodMs: 0 } } });
      assert.deepEqual(
        other.reports.map((e) => e.code),
        ["MW_STATE_SIGNALS"],
      );
      await other.feed(
        Array.from(plant(10), (s) => [s["flow"], s["pressure"]]),
        at(0),
      );
      assert.ok(Math.abs(last(other).progress! - 10 / 300) < 1e-9);
    });

    it("an older version takes over: an open alarm goes on under its id", async () => {
      const r = await watching();
      const { station, shelf } = r;
      await r.send({ command: "train", payload: Array.from(plant(400), (s) => ({ ...s })) });
      await r.feed(
        plant(40, 400, (s) => (s.vib += 3)),
        at(400),
      );
      const { id } = await r.event("alarm-start");
      await station.close(false);
      await shelf.rollback("m");
      const again = await make({ folder: r.folder, shelf });
      await again.feed(
        plant(60, 440, (s) => (s.vib += 3)),
        at(440),
      );
      assert.equal(last(again).alarmId, id);
      assert.ok(!again.types().includes("alarm-end"));
    });

    it("after a reset without a signal set the next message decides the signals", async () => {
      const r = await watching({ settings: { signals: undefined } });
      await r.send({ command: "reset" });
      await r.feed([{ a: 1, b: 2 }], at(900));
      const { health } = last(r);
      assert.ok(health.ok && r.station.learner.signals?.map((s) => s.name).join() === "a,b");
    });

    it("a removed node leaves no state", async () => {
      const r = await make();
      await r.feed(plant(100), at(0));
      await sleep(80);
      await r.station.close(true);
      const again = await make({ folder: r.folder });
      await again.feed(plant(1), at(0));
      assert.ok(last(again).progress! < 0.01);
    });
  });

  describe("models of others", () => {
    it("for other signals: refused with a coded error, messages pass unjudged", async () => {
      const r = await watching();
      const other = await make({ shelf: r.shelf, model: { own: false }, settings: { signals: { signals: SPECS.slice(0, 2), periodMs: 0 } } });
      assert.deepEqual(
        other.reports.map((e) => e.code),
        ["MW_MODEL_SIGNALS"],
      );
      const m = await other.send({ payload: [1, 2] });
      assert.equal((m["anomaly"] as Anomaly).score, null);
      assert.equal((m["anomaly"] as Anomaly).state, "refused");
      await other.send({ command: "reset" });
      await other.send({ payload: [1, 2] });
      assert.equal(last(other).state, "learning");
    });

    it("for other signals under the node's own name: said, and learned anew", async () => {
      const r = await watching();
      const other = await make({ shelf: r.shelf, model: { own: true }, settings: { signals: { signals: SPECS.slice(0, 2), periodMs: 0 } } });
      assert.deepEqual(
        other.reports.map((e) => e.code),
        ["MW_MODEL_SIGNALS"],
      );
      await other.send({ payload: [1, 2] });
      assert.equal(last(other).state, "learning");
    });

    it("damaged: the last good version is used and it is said; none left: learned anew", async () => {
      const r = await watching();
      await r.send({ command: "train" });
      r.shelf.all[1]!.damaged = true;
      const second = await make({ shelf: r.shelf });
      assert.deepEqual(
        second.reports.map((e) => e.code),
        ["MW_MODEL_DAMAGED"],
      );
      await second.feed(plant(30, 300), at(300));
      assert.equal(last(second).model?.version, 1);
      r.shelf.all[0]!.damaged = true;
      const third = await make({ shelf: r.shelf });
      assert.deepEqual(
        third.reports.map((e) => e.code),
        ["MW_MODEL_DAMAGED"],
      );
      await third.feed(plant(1, 300), at(300));
      assert.equal(last(third).state, "learning");
    });

    it("two nodes share a name: one trains, the other uses it, stops learning, and says so", async () => {
      const [bus, shelf] = [new ModelBus(), new MemoryShelf()];
      const a = await make({ bus, shelf, model: { own: false, root: "shared" } });
      const b = await make({ bus, shelf, model: { own: false, root: "shared" } });
      await b.feed(plant(100), at(0));
      await a.feed(plant(300), at(0));
      await a.event("learned");
      assert.equal((await b.event("learned")).cause, "other node");
      await b.feed(plant(30, 100), at(100));
      assert.equal(last(b).state, "watching");
      assert.equal(last(b).model?.version, 1);
      await b.send({ command: "train" });
      await sleep(20);
      await a.feed(plant(30, 300), at(300));
      assert.equal(last(a).model?.version, 2);
      assert.equal(b.trainer.runs, 1);
    });

    it("a version for other signals is refused, whoever brings it, and the present one goes on", async () => {
      const [bus, shelf] = [new ModelBus(), new MemoryShelf()];
      const two = { signals: SPECS.slice(0, 2), periodMs: 0 };
      const a = await watching({ bus, shelf, model: { own: false, root: "shared" } });
      const b = await make({ bus, shelf, model: { own: false, root: "shared" }, settings: { signals: two } });
      await b.send({ command: "reset" });
      await b.feed(
        Array.from(plant(300), (s) => [s["flow"], s["pressure"]]),
        at(0),
      );
      await b.event("learned");
      await sleep(20);
      assert.deepEqual(
        a.reports.map((e) => e.code),
        ["MW_MODEL_SIGNALS"],
      );
      await assert.rejects(a.send({ command: "promote", version: 2 }), { code: "MW_MODEL_SIGNALS" });
      await a.feed(plant(30, 300), at(300));
      assert.equal(last(a).model?.version, 1);
      assert.equal(last(a).state, "watching");
      await assert.rejects(b.send({ command: "rollback" }), { code: "MW_MODEL_SIGNALS" });
      assert.equal(shelf.active.at(-1), 2);
    });

    it("a node that learns anew on purpose keeps its own counsel", async () => {
      const [bus, shelf] = [new ModelBus(), new MemoryShelf()];
      const a = await watching({ bus, shelf, model: { own: false, root: "shared" } });
      const b = await make({ bus, shelf, model: { own: false, root: "shared" } });
      await b.send({ command: "reset" });
      await a.send({ command: "train" });
      await sleep(20);
      await b.feed(plant(10), at(0));
      assert.equal(last(b).state, "learning");
    });
  });

  describe("what came of trouble", () => {
    const signal = new AbortController().signal;

    it("after a reset the first model is used, whatever the version on disk is like, and training ends there", async () => {
      const r = await watching();
      r.trainer.better = false;
      await r.send({ command: "reset" });
      const before = r.trainer.runs;
      for (let from = 300; from < 640; from += 10) {
        await r.feed(plant(10, from), at(from));
        await sleep(2);
      }
      assert.equal(r.trainer.runs - before, 1);
      assert.equal(last(r).state, "watching");
      assert.equal(last(r).model?.version, 2);
    });

    it("continuous: versions that are not better do not come in a row", async () => {
      const r = await watching({ detector: { mode: "continuous" } });
      r.trainer.better = false;
      for (let from = 300; from < 600; from += 10) {
        await r.feed(plant(10, from), at(from));
        await sleep(2);
      }
      assert.ok(r.trainer.runs <= 3, String(r.trainer.runs));
      assert.equal(last(r).model?.version, 1);
    });

    it("rows without a time teach no pace: live samples of any pace are judged afterwards", async () => {
      const r = await make();
      const rows: unknown[] = Array.from(plant(300));
      rows[5] = { flow: null, pressure: 4, vib: 1 };
      await r.send({ payload: [...rows, ...plant(5, 300)] });
      await r.event("learned");
      assert.equal(r.station.learner.loaded!.model.health.lateMs, 0);
      await r.feed(plant(40, 305), (i) => ({ timestamp: T0 + i * 60_000 }));
      const judged = r.out.slice(-30).map((m) => m["anomaly"] as Anomaly);
      assert.ok(
        judged.every((a) => a.score !== null && a.health.ok),
        JSON.stringify(judged.at(-1)),
      );
      for (const e of r.events) if ("at" in e) assert.ok(Number.isFinite(e.at), e.type);
    });

    it("closed with more waiting than may: everything ends, and what was learned is kept", async () => {
      const bus = new ModelBus();
      const r = await make({ bus, detector: { learnSamples: 100_000 } });
      const all = [r.station.input({ payload: Array.from(plant(20_000)) }, () => {}, signal)];
      for (let i = 0; i < 10_010; i++) all.push(r.station.input({ payload: [50, 4, 1] }, () => {}, signal));
      const outcomes = Promise.allSettled(all.map((p) => Promise.resolve(p)));
      await r.station.close(false);
      assert.equal(bus.size, 0);
      const refused = (await outcomes).filter((o) => o.status === "rejected");
      assert.equal(refused.length, 10);
      assert.ok(refused.every((o) => (o.reason as { code: string }).code === "MW_OVERLOAD"));
      const again = await make({ folder: r.folder });
      assert.ok(((await again.send({ command: "status" }))["anomaly"] as { state: string }).state === "learning");
      await again.feed(plant(1), at(0));
      assert.ok(last(again).progress! > 0.25, String(last(again).progress));
    });

    it("closing leaves no timer, also when samples were waiting", async () => {
      const { setInterval: start, clearInterval: stop } = globalThis;
      const running = new Set<unknown>();
      globalThis.setInterval = ((...a: Parameters<typeof start>) => {
        const timer = start(...a);
        running.add(timer);
        return timer;
      }) as typeof start;
      globalThis.clearInterval = (timer) => {
        running.delete(timer);
        stop(timer as NodeJS.Timeout);
      };
      try {
        const r = await make();
        const all = [{ payload: Array.from(plant(100)) }, { payload: [50, 4, 1] }].map((m) => r.station.input(m, () => {}, signal));
        await r.station.close(false);
        await Promise.all(all.map((p) => Promise.resolve(p)));
        assert.equal(running.size, 0);
      } finally {
        globalThis.setInterval = start;
        globalThis.clearInterval = stop;
      }
    });

    it("cancel and status do not wait behind a dataset that is being learned", async () => {
      const r = await make({ detector: { learnSamples: 100_000 } });
      let learned = false;
      const data = Promise.resolve(r.station.input({ payload: Array.from(plant(20_000)) }, () => {}, signal)).then(() => (learned = true));
      await r.send({ command: "status" });
      await r.send({ command: "cancel" });
      assert.equal(learned, false);
      await data;
    });

    it("no second training starts while the first one's model is being read", async () => {
      const r = await watching();
      const read = r.shelf.read.bind(r.shelf);
      r.shelf.read = async (...a) => sleep(60).then(() => read(...a));
      const first = r.send({ command: "train" });
      while (r.shelf.all.length < 2) await sleep(1);
      await assert.rejects(r.send({ command: "train" }), { code: "MW_TRAIN_BUSY" });
      await first;
      assert.equal(r.station.learner.desk.run, undefined);
    });

    it("old versions are cleared away after each run; the one in use stays", async () => {
      const r = await watching();
      await r.send({ command: "train" });
      await r.station.close(false);
      assert.deepEqual(r.shelf.pruned, [
        { keep: 20, pinned: [1] },
        { keep: 20, pinned: [2] },
      ]);
    });

    it("a message that is refused is as it came, and has changed nothing", async () => {
      const r = await make();
      await r.feed(plant(100), at(0));
      const bad = { payload: { flow: {} }, exclude: [[T0, T0 + 50_000]] };
      await assert.rejects((async () => r.send(bad))(), { code: "MW_SAMPLE_VALUE" });
      await assert.rejects((async () => r.send({ payload: [50, 4, 1], exclude: 5 }))(), { code: "MW_DATASET_LABELS" });
      await r.feed(plant(200, 100), at(100));
      assert.equal((await r.event("learned")).samples, 300);
      const data = Promise.resolve(r.station.input({ payload: Array.from(plant(5000)) }, () => {}, signal));
      const waiting = Array.from({ length: 9999 }, (_, i) => r.station.input({ payload: [50, 4, 1], ...at(300)(i) }, () => {}, signal));
      const late = { payload: [50, 4, 1] };
      await assert.rejects((async () => r.send(late))(), { code: "MW_OVERLOAD" });
      assert.deepEqual(late, { payload: [50, 4, 1] });
      await Promise.all([data, ...waiting]);
    });

    it("the same excluded period with every message is taken once", async () => {
      const r = await make();
      await r.feed(plant(1), at(0));
      const { detector } = r.station.learner.live!;
      const exclude = detector.exclude.bind(detector);
      let taken = 0;
      detector.exclude = (from, to) => {
        taken++;
        exclude(from, to);
      };
      await r.feed(plant(50, 1), (i) => ({ ...at(1)(i), exclude: [[T0 + 10_000, T0 + 20_000]] }));
      assert.equal(taken, 1);
      await r.send({ command: "reset" });
      await r.feed(plant(300, 0), (i) => ({ ...at(0)(i), exclude: [[T0 + 10_000, T0 + 19_000]] }));
      await r.feed(plant(10, 300), at(300));
      assert.equal((await r.event("learned")).samples, 300); // ten of 310 were left out
    });

    it("a dataset to train on: what is excluded is not what is labelled", async () => {
      const r = await make({ detector: { mode: "command" } });
      const jobs: FitJob[] = [];
      r.trainer.before = async ({ job }) => Promise.resolve(void jobs.push(job));
      const rows = Array.from(plant(400));
      const message = { command: "train", payload: rows, timestamp: rows.map((_, i) => T0 + i * 1000), exclude: [[T0 + 100_000, T0 + 149_000]] };
      await r.send({ ...message, labels: rows.map((_, i) => (i >= 200 && i < 210 ? 1 : 0)) });
      assert.equal(
        jobs[0]!.label!.reduce((sum, l) => sum + l, 0),
        10,
      );
      assert.deepEqual(jobs[0]!.exclude, [[T0 + 100_000, T0 + 149_000]]);
      assert.equal((await r.event("learned")).samples, 340);
      await r.send(message);
      assert.equal(jobs[1]!.label, undefined);
    });
  });

  it("closing while training: no error, no late event", async () => {
    const r = await make();
    r.trainer.before = (_, signal) => new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error)));
    await r.feed(plant(300), at(0));
    await sleep(5);
    const before = r.events.length;
    await r.station.close(false);
    await sleep(20);
    assert.equal(r.events.length, before);
    assert.deepEqual(r.reports, []);
    const again = await make({ folder: r.folder, shelf: r.shelf });
    await again.feed(plant(1, 300), at(300));
    await again.event("learned");
  });
});
