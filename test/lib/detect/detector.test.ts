/** The detector's life, sample by sample, with real fits in line. */
import assert from "node:assert/strict";
import { simulate } from "../../../bench/lib/simulate.ts";
import { DEFAULTS } from "../../../lib/detect/defaults.ts";
import { Detector } from "../../../lib/detect/detector.ts";
import type { Judgement } from "../../../lib/detect/judgement.ts";
import type { AlarmEvent, DetectorEvent } from "../../../lib/detect/events.ts";
import { fitDetector } from "../../../lib/detect/fit.ts";
import type { DetectorSettings } from "../../../lib/detect/settings.ts";
import type { SignalSpec } from "../../../lib/signals/types.ts";
import { MillwrightError } from "../../../lib/errors.ts";

const N = 4;
const LEARN = 400;
const specs: readonly SignalSpec[] = Array.from({ length: N }, (_, i) => ({ name: `s${i + 1}`, unit: "bar", low: null, high: null, kind: "auto" }));
const settings = (more: Partial<DetectorSettings> = {}): DetectorSettings => ({
  ...DEFAULTS,
  signals: specs,
  method: "mahalanobis",
  learnSamples: LEARN,
  ...more,
});

/** A machine: rows in order, optionally changed. */
function machine(seed = 5): (change?: (x: Float64Array) => void) => Float64Array {
  const source = simulate("autocorrelated", N, seed);
  return (change) => {
    const x = new Float64Array(N);
    source.next(x);
    change?.(x);
    return x;
  };
}

interface Rig {
  readonly detector: Detector;
  readonly push: (x: Float64Array) => Judgement;
  readonly events: DetectorEvent[];
}

function rig(more: Partial<DetectorSettings> = {}): Rig {
  const detector = new Detector(settings(more));
  const events: DetectorEvent[] = [];
  let t = Date.UTC(2026, 0, 1);
  return {
    detector,
    events,
    push: (x) => {
      const judgement = detector.push(x, (t += 1000));
      events.push(...detector.events.splice(0));
      return judgement;
    },
  };
}

/** Feeds the learning period and installs what came of it. */
function learn(r: Rig, next: ReturnType<typeof machine>): void {
  for (let i = 0; i < LEARN; i++) r.push(next());
  const job = r.detector.takeJob();
  assert.ok(job, "a job is due after the learning period");
  assert.equal(r.detector.takeJob(), undefined, "and is handed out once");
  const { model, warm } = fitDetector(job);
  r.detector.install(model, warm);
}

const alarms = (r: Rig, type: AlarmEvent["type"]): AlarmEvent[] => r.events.filter((e): e is AlarmEvent => e.type === type);
const fault = (x: Float64Array): void => {
  x[2]! += 25;
};

describe("Detector", () => {
  it("learns, then judges every sample; contributions sum to the score", () => {
    const r = rig();
    const next = machine();
    assert.deepEqual([r.push(next()).phase, r.push(next()).cannotJudge], ["learning", "learning"]);
    const again = rig();
    const fresh = machine();
    learn(again, fresh);
    for (let i = 0; i < 200; i++) {
      const j = again.push(fresh());
      assert.equal(j.phase, "watching");
      assert.ok(j.score > 0 && Number.isFinite(j.score));
      const sum = j.contributions.reduce((a, b) => a + b, 0);
      assert.ok(Math.abs(sum - j.score) < 1e-9 * Math.max(1, j.score));
      assert.ok(j.contributions.every((c) => c >= 0));
    }
    assert.equal(alarms(again, "alarm-start").length, 0);
  });

  it("names the faulty signal with expected and seen values in its unit, and ends the alarm after the repair", () => {
    const r = rig();
    const next = machine();
    learn(r, next);
    for (let i = 0; i < 50; i++) r.push(next());
    for (let i = 0; i < 60; i++) r.push(next(fault));
    for (let i = 0; i < 400; i++) r.push(next());
    const [start] = alarms(r, "alarm-start");
    const [end] = alarms(r, "alarm-end");
    assert.ok(start && end && start.id === end.id);
    assert.equal(start.top[0]?.signal, "s3");
    assert.equal(start.top[0].unit, "bar");
    assert.ok(Math.abs(start.top[0].seen! - start.top[0].expected!) > 5, "the seen value is far from the expected one");
    assert.equal(end.top[0]?.signal, "s3");
    assert.ok(end.peak >= start.score && end.durationMs >= 50_000 && end.durationMs < 460_000);
  });

  it("judges on with one signal missing, filled in by what the others imply; with too many missing it cannot judge", () => {
    const r = rig();
    const next = machine();
    learn(r, next);
    for (let i = 0; i < 100; i++) r.push(next());
    for (let i = 0; i < 100; i++) {
      const j = r.push(next((x) => (x[1] = NaN)));
      assert.ok(j.score < 1, `score ${j.score} with a missing signal`);
      assert.equal(j.health.judged[1], 0);
    }
    const { score, cannotJudge } = r.push(next((x) => (x[0] = x[1] = NaN)));
    assert.ok(Number.isNaN(score));
    assert.equal(cannotJudge, "health");
    assert.equal(alarms(r, "alarm-start").length, 0);
    assert.deepEqual(
      r.events.flatMap((e) => (e.type === "health" ? [`${e.signal} ${e.code}`] : [])),
      ["s2 missing", "s1 missing"],
    );
  });

  it("an open alarm outlives blindness", () => {
    const r = rig();
    const next = machine();
    learn(r, next);
    for (let i = 0; i < 40; i++) r.push(next(fault));
    assert.equal(alarms(r, "alarm-start").length, 1);
    for (let i = 0; i < 20; i++) assert.ok(r.push(new Float64Array(N).fill(NaN)).alarm);
    assert.equal(alarms(r, "alarm-end").length, 0);
  });

  it("goes on after save and load with the same scores, the same alarm and the same learning", () => {
    for (const method of ["mahalanobis", "nearest"] as const) {
      const a = rig({ method });
      const next = machine();
      learn(a, next);
      for (let i = 0; i < 120; i++) a.push(next());
      for (let i = 0; i < 30; i++) a.push(next(fault));
      const b = rig({ method });
      b.detector.load(structuredClone(a.detector.save()), a.detector.model);
      const time = Date.UTC(2026, 0, 1) + (LEARN + 151) * 1000;
      for (let i = 0; i < 200; i++) {
        const x = next(i < 20 ? fault : undefined);
        const left = a.detector.push(x, time + i * 1000);
        const [score, alarm, id] = [left.score, left.alarm, left.alarmId];
        const right = b.detector.push(x, time + i * 1000);
        assert.ok(Math.abs(right.score - score) <= 1e-9 * Math.max(1, score), `${method}: sample ${i}: ${right.score} against ${score}`);
        assert.deepEqual([right.alarm, right.alarmId], [alarm, id]);
      }
    }
  });

  it("samples that come during the first training are judged afterwards as if there had been no training", () => {
    const a = rig();
    const b = rig();
    const next = machine();
    const rows = Array.from({ length: LEARN + 300 }, () => next());
    for (const x of rows.slice(0, LEARN)) {
      a.push(x);
      b.push(x);
    }
    const job = a.detector.takeJob()!;
    b.detector.takeJob();
    const { model, warm } = fitDetector(job);
    a.detector.install(model, warm);
    for (const x of rows.slice(LEARN, LEARN + 50)) assert.equal(b.push(x).cannotJudge, "learning");
    for (const x of rows.slice(LEARN, LEARN + 50)) a.push(x);
    b.detector.install(model, warm);
    let compared = 0;
    for (const x of rows.slice(LEARN + 50)) {
      const score = a.push(x).score;
      const late = b.push(x);
      if (late.phase === "warming") continue;
      compared++;
      assert.ok(Math.abs(late.score - score) < 1e-9, `${late.score} against ${score}`);
    }
    assert.ok(compared > 200, "it catches up within a few samples");
  });

  it("continuous: fits again after a quarter more normal samples, with the same method, and never on what was alarmed", () => {
    const r = rig({ mode: "continuous", method: "auto" });
    const next = machine();
    learn(r, next);
    const method = r.detector.model!.members[0]!.method;
    for (let i = 0; i < 100; i++) r.push(next(fault));
    assert.equal(r.detector.takeJob(), undefined, "not in an alarm");
    for (let i = 0; i < 800 && !alarms(r, "alarm-end").length; i++) r.push(next());
    let job = r.detector.takeJob();
    for (let i = 0; i < 600 && !job; i++) {
      r.push(next());
      job = r.detector.takeJob();
    }
    assert.ok(job);
    assert.equal(job.method, method);
    assert.deepEqual(job.kept, r.detector.model!.why, "the card goes on saying why");
    const learned = job.chunks.flatMap((c) => Array.from(c.times, (_, k) => c.rows[k * N + 2]!));
    const highest = Math.max(...learned.slice(0, LEARN));
    assert.ok(
      learned.slice(LEARN).every((v) => v < highest + 15),
      "no faulty sample was accepted",
    );
  });

  it("watch and command: never fits again by itself", () => {
    for (const mode of ["watch", "command"] as const) {
      const r = rig({ mode });
      const next = machine();
      for (let i = 0; i < LEARN; i++) r.push(next());
      if (mode === "command") assert.equal(r.detector.takeJob(), undefined);
      const job = r.detector.takeJob() ?? r.detector.buffered();
      const { model, warm } = fitDetector(job);
      r.detector.install(model, warm);
      for (let i = 0; i < 1500; i++) r.push(next());
      assert.equal(r.detector.takeJob(), undefined);
    }
  });

  it("command mode: the pattern memory stays as trained", () => {
    const r = rig({ mode: "command", method: "nearest" });
    const next = machine();
    for (let i = 0; i < LEARN; i++) r.push(next());
    const { model, warm } = fitDetector(r.detector.buffered());
    const twin = rig({ mode: "command", method: "nearest" });
    r.detector.install(model, warm);
    for (let i = 0; i < 1000; i++) r.push(next());
    twin.detector.install(model);
    for (let i = 0; i < 400; i++) {
      const x = next();
      const { score } = r.push(x);
      const other = twin.push(x).score;
      if (i >= 300) assert.ok(Math.abs(other - score) < 1e-9);
    }
  });

  it("windows are not joined across a hole: after an hour of nulls it warms up instead of alarming", () => {
    const r = rig({ method: "var" });
    const next = machine();
    learn(r, next);
    for (let i = 0; i < 50; i++) r.push(next());
    for (let i = 0; i < 600; i++) {
      next();
      r.push(new Float64Array(N).fill(NaN));
    }
    assert.equal(r.push(next()).cannotJudge, "warming");
    for (let i = 0; i < 200; i++) r.push(next());
    assert.equal(alarms(r, "alarm-start").length, 0);
  });

  it("one signal: a clear fault that lasts is not learned, however long", () => {
    const one: readonly SignalSpec[] = [specs[0]!];
    for (const offset of [4, 10]) {
      const detector = new Detector(settings({ signals: one, method: "auto" }));
      const source = simulate("seasonal", 1, 3);
      const x = new Float64Array(1);
      let t = 0;
      const push = (change = 0): Judgement => {
        source.next(x);
        return detector.push(Float64Array.of(x[0]! + change * 5), Date.UTC(2026, 0, 1) + 1000 * t++);
      };
      for (let i = 0; i < 700; i++) push();
      const { model, warm } = fitDetector(detector.takeJob()!);
      detector.install(model, warm);
      for (let i = 0; i < 300; i++) push();
      let started = -1;
      let quiet = 0;
      for (let i = 0; i < 3000; i++) {
        const { alarm } = push(offset);
        if (alarm && started < 0) started = i;
        if (started >= 0 && !alarm) quiet++;
      }
      assert.ok(started >= 0, `an offset of ${offset} is seen`);
      assert.equal(quiet, 0, `an offset of ${offset} stays alarmed`);
    }
  });

  it("a state saved while a new model catches up comes back without the old model's streams", () => {
    const r = rig({ mode: "continuous" });
    const next = machine();
    learn(r, next);
    for (let i = 0; i < 100; i++) r.push(next());
    const job = r.detector.buffered();
    const WAITED = 8000; // more than one push catches up with
    for (let i = 0; i < WAITED; i++) r.push(next());
    const { model, warm } = fitDetector(job);
    r.detector.install(model, warm);
    const state = structuredClone(r.detector.save());
    assert.equal(state.watcher?.fused, null);
    const again = new Detector(settings({ mode: "continuous" }));
    again.load(state, model);
    for (let i = 0; i < 200; i++) {
      const { score } = again.push(next(), Date.UTC(2026, 0, 1) + (LEARN + 101 + WAITED + i) * 1000);
      assert.ok(!(score > 1), `score ${score} on normal data`);
    }
  });

  it("one wild reading makes a short alarm, not a long one", () => {
    for (const method of ["var", "mahalanobis", "pca"] as const) {
      const r = rig({ method });
      const next = machine();
      learn(r, next);
      for (let i = 0; i < 100; i++) r.push(next());
      let alarmed = 0;
      for (let i = 0; i < 100; i++) if (r.push(next(i === 0 ? (x) => (x[1] = 65535) : undefined)).alarm) alarmed++;
      assert.ok(alarmed <= 25, `${method}: ${alarmed} samples`);
    }
  });

  it("a changed unit is told as such, and the signal takes no part from then on", () => {
    const r = rig({ method: "var" });
    const next = machine();
    learn(r, next);
    for (let i = 0; i < 100; i++) r.push(next());
    for (let i = 0; i < 300; i++) r.push(next((x) => (x[1]! *= 1000)));
    const told = r.events.findIndex((e) => e.type === "health" && e.code === "scale");
    assert.ok(told >= 0);
    assert.ok(!r.events.slice(told).some((e) => e.type === "alarm-start"), "no alarm on it afterwards");
    assert.equal(r.push(next((x) => (x[1]! *= 1000))).contributions[1], 0);
  });

  it("catches up by itself, or between samples", () => {
    const r = rig();
    const next = machine();
    for (let i = 0; i < LEARN; i++) r.push(next());
    const job = r.detector.takeJob()!;
    for (let i = 0; i < 8000; i++) r.push(next());
    const { model, warm } = fitDetector(job);
    r.detector.install(model, warm);
    assert.equal(r.push(next()).cannotJudge, "warming");
    let left = Infinity;
    for (let i = 0; left > 0; i++) {
      const now = r.detector.catchUp();
      assert.ok(now < left && i < 8000);
      left = now;
    }
    assert.equal(r.push(next()).phase, "watching");
  });

  it("a fit that failed is tried again when a tenth more samples have come, not with every sample", () => {
    const r = rig();
    for (let i = 0; i < LEARN; i++) r.push(new Float64Array(N).fill(3)); // no signal varies
    let failed = 0;
    for (let i = 0; i < 100; i++) {
      const job = r.detector.takeJob();
      if (job) {
        assert.throws(() => fitDetector(job));
        r.detector.abort();
        failed++;
      }
      r.push(new Float64Array(N).fill(3));
    }
    assert.equal(failed, 3);
  });

  it("one signal that stands still while it is learned: its first change is an alarm", () => {
    const one: readonly SignalSpec[] = [specs[0]!];
    const detector = new Detector(settings({ signals: one, method: "auto" }));
    let t = 0;
    const push = (v: number): Judgement => detector.push(Float64Array.of(v), Date.UTC(2026, 0, 1) + 1000 * t++);
    for (let i = 0; i < LEARN; i++) push(5);
    const { model, warm } = fitDetector(detector.takeJob()!);
    detector.install(model, warm);
    for (let i = 0; i < 100; i++) assert.equal(push(5).alarm, false);
    assert.ok(Array.from({ length: 30 }, () => push(9).alarm).includes(true));
  });

  describe("feedback", () => {
    const alarmed = (): { r: Rig; id: string; next: ReturnType<typeof machine> } => {
      const r = rig();
      const next = machine();
      learn(r, next);
      for (let i = 0; i < 30; i++) r.push(next(fault));
      for (let i = 0; i < 500; i++) r.push(next());
      return { r, id: alarms(r, "alarm-start")[0]!.id, next };
    };

    it("false alarm: the limit rises just above its peak, within bounds", () => {
      const { r, id } = alarmed();
      const peak = alarms(r, "alarm-end")[0]!.peak;
      const said = r.detector.feedback("falseAlarm", { id });
      assert.ok(Math.abs(said.limitAfter - Math.min(10, peak * 1.05)) < 1e-9);
      assert.equal(said.reached, peak * 1.05 <= 10);
      assert.equal(r.detector.limitFactor, said.limitAfter);
    });

    it("said twice, or of two alike alarms, it moves the limit once", () => {
      const { r, id } = alarmed();
      const once = r.detector.feedback("falseAlarm", { id }).limitAfter;
      assert.ok(Math.abs(r.detector.feedback("falseAlarm", { id }).limitAfter - once) < 1e-9);
    });

    it("a wrong click can be taken back: confirmed afterwards restores the limit", () => {
      const { r, id } = alarmed();
      assert.ok(r.detector.feedback("falseAlarm", { id }).limitAfter > 1);
      assert.ok(Math.abs(r.detector.feedback("confirmed", { id }).limitAfter - 1) < 1e-9);
    });

    it("false alarm on an open alarm: it ends with the next sample", () => {
      const r = rig();
      const next = machine();
      learn(r, next);
      for (let i = 0; i < 30; i++) r.push(next(fault));
      const { id } = alarms(r, "alarm-start")[0]!;
      r.detector.feedback("falseAlarm", { id });
      assert.equal(r.push(next(fault)).alarm, false);
      assert.deepEqual(alarms(r, "alarm-end").map((e) => e.id), [id]); // prettier-ignore
    });

    it("missed: the limit sinks just below the highest score of the period, within bounds", () => {
      const r = rig();
      const next = machine();
      learn(r, next);
      const from = Date.UTC(2026, 0, 1) + (LEARN + 1) * 1000;
      let highest = 0;
      for (let i = 0; i < 100; i++) highest = Math.max(highest, r.push(next()).score);
      const said = r.detector.feedback("missed", { from, to: from + 100_000 });
      assert.ok(said.limitAfter < 1 && Math.abs(said.limitAfter - Math.max(0.5, highest / 1.05)) < 1e-9);
    });

    it("confirmed: the limit stays, and what raised it is taken back", () => {
      const { r, id, next } = alarmed();
      assert.ok(r.push(next()).limit > 1);
      const said = r.detector.feedback("confirmed", { id });
      assert.equal(said.limitAfter, said.limitBefore);
      assert.equal(r.push(next()).limit, 1);
    });

    it("unknown alarms, empty periods and feedback before learning are coded errors", () => {
      const code = (run: () => unknown): string => {
        try {
          run();
        } catch (e) {
          if (e instanceof MillwrightError) return e.code;
          throw e;
        }
        return "none";
      };
      const { r } = alarmed();
      assert.equal(
        code(() => r.detector.feedback("falseAlarm", { id: "A0" })),
        "MW_FEEDBACK_INVALID",
      );
      assert.equal(
        code(() => r.detector.feedback("missed", { from: 5, to: 1 })),
        "MW_FEEDBACK_INVALID",
      );
      assert.equal(
        code(() => r.detector.feedback("missed", { from: 1, to: 2 })),
        "MW_FEEDBACK_INVALID",
      );
      assert.equal(
        code(() => rig().detector.feedback("missed", { from: 1, to: 2 })),
        "MW_COMMAND_STATE",
      );
    });
  });

  it("refuses a model and a state of other signals", () => {
    const r = rig();
    learn(r, machine());
    const other = new Detector(settings({ signals: specs.map((s, i) => ({ ...s, name: `x${i}` })) }));
    assert.throws(() => other.install(r.detector.model!), { code: "MW_MODEL_SIGNALS" });
    assert.throws(() => other.load(r.detector.save()), { code: "MW_STATE_SIGNALS" });
  });

  it("learns for a time, also when the buffer has forgotten the beginning", () => {
    const r = rig({ learnSamples: 0, learnMs: 300_000 });
    const next = machine();
    let i = 0;
    for (; !r.detector.takeJob() && i < 1000; i++) r.push(next());
    assert.equal(i, 301);
  });
});
