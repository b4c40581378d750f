import assert from "node:assert/strict";
import fc from "fast-check";
import { HealthMonitor } from "../../../lib/signals/health.ts";
import { READ_UNIT } from "../../../lib/message/value.ts";
import { learnHealth } from "../../../lib/signals/learn.ts";
import { describe as inLanguage } from "../../../lib/signals/sentences.ts";
import { CLOCK_CODES, SIGNAL_CODES, type ClockCode, type LearnedHealth, type SignalSet } from "../../../lib/signals/types.ts";
import { gauss, learnOne, spec, uniform } from "./simulate.ts";

const code = (monitor: HealthMonitor, row: readonly number[], time?: number, arrival?: number, reasons?: Uint8Array) => {
  const report = monitor.push(Float64Array.from(row), time, arrival, reasons);
  return {
    codes: [...report.codes].map((c) => SIGNAL_CODES[c]),
    judged: [...report.judged],
    clock: report.clock,
    ok: report.ok,
    usable: report.usable,
    gap: report.gap,
  };
};
const texts = (monitor: HealthMonitor) => monitor.reasons().map((r) => r.text);

describe("HealthMonitor: values", () => {
  const set: SignalSet = { signals: [spec("temp", { unit: "degC", low: 0, high: 100 }), spec("vib"), spec("id", { kind: "ignore" })], periodMs: 0 };

  it("all well", () => {
    assert.deepEqual(code(new HealthMonitor(set), [50, 1, 2], 0), {
      codes: ["ok", "ok", "ok"],
      judged: [1, 1, 0],
      clock: "ok",
      ok: true,
      usable: true,
      gap: false,
    });
  });
  it("missing and not a number", () => {
    const monitor = new HealthMonitor(set);
    assert.deepEqual(code(monitor, [NaN, Infinity, NaN]).codes, ["missing", "nan", "ok"]);
    assert.deepEqual(texts(monitor), ["temp is missing", "vib is not a number"]);
    assert.deepEqual(code(monitor, [NaN, NaN, 1], NaN, NaN, Uint8Array.of(2, 1, 0)).codes, ["nan", "missing", "ok"]);
    assert.deepEqual(code(monitor, [NaN, 1, 1], NaN, NaN, Uint8Array.of(READ_UNIT, 0, 0)).codes, ["nan", "ok", "ok"]);
    assert.deepEqual(texts(monitor), ["temp came in another unit than degC: not used"]);
    assert.equal(code(monitor, [NaN, NaN, 1]).usable, false);
  });
  it("out of limits, in words of both languages", () => {
    const monitor = new HealthMonitor(set);
    assert.deepEqual(code(monitor, [-3.25, 1, 1]), { codes: ["low", "ok", "ok"], judged: [0, 1, 0], clock: "ok", ok: false, usable: true, gap: false });
    assert.deepEqual(texts(monitor), ["temp reads -3.25 degC, below its limit of 0 degC"]);
    assert.equal(inLanguage(monitor.reasons()[0]!, "zh"), "temp 读数为 -3.25 degC，低于下限 0 degC");
    assert.deepEqual(code(monitor, [100.5, 1, 1]).codes[0], "high");
    assert.deepEqual(code(monitor, [100, 1, 1]).codes[0], "ok");
  });
});

describe("HealthMonitor: stuck", () => {
  const normal = gauss(uniform(1));
  it("an analog signal that repeats one value far longer than it ever did", () => {
    const { set, learned } = learnOne(spec("p", { unit: "bar" }), 1000, () => Math.round(10 * (4 + 0.3 * normal())) / 10);
    const monitor = new HealthMonitor(set, learned);
    const { longestRun, stuckAfter } = learned.signals[0]!;
    assert.ok(stuckAfter > 3 * longestRun && stuckAfter < 60, `${longestRun} ${stuckAfter}`);
    const codes = Array.from({ length: stuckAfter + 3 }, (_, i) => code(monitor, [4], 1e6 + i * 1000).codes[0]);
    assert.deepEqual(codes.indexOf("stuck"), stuckAfter);
    assert.match(texts(monitor)[0]!, new RegExp(`^p is stuck at 4 bar: ${stuckAfter + 3} equal readings, at most ${longestRun} are normal$`));
    assert.equal(code(monitor, [4.1], 2e6 - 1e6 + 100_000).codes[0], "ok");
  });
  const never: readonly (readonly [what: string, kind: "auto" | "discrete", next: (i: number) => number])[] = [
    ["a constant", "auto", () => 5],
    ["a switch", "auto", (i) => Number(i % 100 < 50)],
    ["a slow counter of products", "auto", (i) => Math.floor(i / 300)],
    ["a signal called discrete", "discrete", (i) => (i % 7) * 100],
    ["a machine that rested for hours", "auto", (i) => (i < 400 ? 0 : 50 + normal())],
  ];
  for (const [what, kind, next] of never) {
    it(`not ${what}`, () => {
      const { set, learned, values } = learnOne(spec("x", { kind }), 1000, next);
      const monitor = new HealthMonitor(set, learned);
      for (let i = 0; i < 3000; i++) assert.equal(code(monitor, [values.at(-1)!], 1e6 + i * 1000).codes[0], "ok");
    });
  }
  it("no false alarm on a month of coarse readings", function () {
    this.timeout(60_000);
    const noise = gauss(uniform(7));
    const next = () => Math.round(20 + 0.4 * noise());
    const { set, learned } = learnOne(spec("t", { kind: "analog" }), 1000, next);
    const monitor = new HealthMonitor(set, learned);
    const row = new Float64Array(1);
    let stuck = 0;
    for (let i = 0; i < 2_600_000; i++) {
      row[0] = next();
      stuck += monitor.push(row, 1e6 + i * 1000).codes[0]!;
    }
    assert.equal(stuck, 0);
  });
});

describe("HealthMonitor: clock", () => {
  const clean: LearnedHealth = learnOne(spec("x"), 200, (i) => i).learned;
  const monitorAt = (learned?: LearnedHealth) => new HealthMonitor({ signals: [spec("x")], periodMs: 0 }, learned);
  /** Pushes rising values at the given times (s); gives the clock codes. */
  const clocks = (monitor: HealthMonitor, seconds: readonly number[], arrivals?: readonly number[]): ClockCode[] =>
    seconds.map((s, i) => monitor.push(Float64Array.of(i * 1.1), s * 1000, arrivals ? arrivals[i]! * 1000 : NaN).clock);

  it("learns the period and what is late", () => {
    assert.deepEqual([clean.periodMs, clean.lateMs, clean.coarseClock], [1000, 3000, false]);
    const pauses = gauss(uniform(3));
    const times = Float64Array.from({ length: 500 }, () => 1000 * Math.exp(pauses())).map((sum => (v: number) => (sum += v))(0)); // prettier-ignore
    const set = { signals: [spec("x")], periodMs: 0 };
    const irregular = learnHealth({ rows: 500, cols: 1, data: new Float64Array(500) }, times, set);
    assert.ok(irregular.lateMs > 10_000, String(irregular.lateMs));
    assert.equal(learnHealth({ rows: 500, cols: 1, data: new Float64Array(500) }, times, { ...set, periodMs: 60_000 }).lateMs >= 180_000, true);
    assert.equal(learnHealth({ rows: 5, cols: 1, data: new Float64Array(5) }, undefined, set).lateMs, 0);
  });

  const table: readonly (readonly [what: string, seconds: readonly number[], codes: readonly ClockCode[]])[] = [
    ["regular", [1, 2, 3.2, 4], ["ok", "ok", "ok", "ok"]],
    ["late", [1, 2, 7, 8], ["ok", "ok", "late", "ok"]],
    ["duplicate", [1, 2, 2, 3], ["ok", "ok", "duplicate", "ok"]],
    ["a straggler", [1, 2, 3, 1.5, 4], ["ok", "ok", "ok", "backwards", "ok"]],
    ["a clock put back", [100, 101, 40, 41, 42, 43], ["ok", "ok", "backwards", "backwards", "clock-jump", "ok"]],
    ["backwards all the time", [9, 8, 7, 6, 5, 4], ["ok", "backwards", "backwards", "backwards", "backwards", "backwards"]],
    ["one wrong time far ahead", [1, 2, 9000, 3, 4, 5, 6], ["ok", "ok", "late", "backwards", "backwards", "clock-jump", "ok"]],
  ];
  for (const [what, seconds, codes] of table) it(what, () => assert.deepEqual(clocks(monitorAt(clean), seconds), codes));

  it("what a bad time means for the sample", () => {
    const monitor = monitorAt(clean);
    clocks(monitor, [1, 2]);
    assert.deepEqual(code(monitor, [9], 10_000), { codes: ["ok"], judged: [0], clock: "late", ok: false, usable: false, gap: true });
    assert.deepEqual(texts(monitor), ["the sample came 8 s after the one before, 1 s is usual"]);
    assert.deepEqual(code(monitor, [9], 9000), { codes: ["ok"], judged: [0], clock: "backwards", ok: false, usable: false, gap: false });
    assert.deepEqual(texts(monitor), ["the sample is 1 s older than one seen before"]);
  });
  it("a jump: arrived on time, stamped an hour ahead", () => {
    const monitor = monitorAt(clean);
    assert.deepEqual(clocks(monitor, [1, 2, 3, 3604, 3605], [1, 2, 3, 4, 5]), ["ok", "ok", "ok", "clock-jump", "ok"]);
    const waiting = monitorAt(clean);
    assert.deepEqual(clocks(waiting, [1, 2, 3, 3604], [1, 2, 3, 3604]), ["ok", "ok", "ok", "late"]);
  });
  it("without times of its own, by arrival", () => {
    const monitor = monitorAt(clean);
    const at = (s: number) => monitor.push(Float64Array.of(s), NaN, s * 1000);
    assert.deepEqual([at(1).clock, at(2).clock, at(2).clock, at(30).clock, at(31).clock], ["ok", "ok", "ok", "late", "ok"]);
    assert.equal(monitor.silentFor(32_000), 0);
    assert.equal(monitor.silentFor(60_000), 29_000);
  });
  it("equal times are normal where the clock is coarse", () => {
    const times = Float64Array.from({ length: 400 }, (_, i) => Math.floor(i / 4) * 1000);
    const set = { signals: [spec("x")], periodMs: 0 };
    const coarse = learnHealth({ rows: 400, cols: 1, data: times }, times, set);
    assert.equal(coarse.coarseClock, true);
    assert.deepEqual(clocks(monitorAt(coarse), [1, 1, 1, 1, 2]), ["ok", "ok", "ok", "ok", "ok"]);
    const learning = clocks(
      monitorAt(),
      [...times].map((t) => t / 1000),
    );
    assert.ok(learning.slice(40).every((c) => c === "ok"));
  });
  it("duplicates do not make a signal stuck", () => {
    const monitor = monitorAt(clean);
    for (let i = 0; i < 500; i++) assert.equal(code(monitor, [5], i < 5 ? 1000 : 2000).codes[0], "ok");
  });
});

describe("HealthMonitor: state and wild input", () => {
  const noise = gauss(uniform(11));
  const { set, learned } = learnOne(spec("t", { unit: "degC" }), 500, () => 70 + noise());

  it("goes on where it stopped", () => {
    const values = Array.from({ length: 200 }, (_, i) => (i > 100 ? 158 + 1.8 * noise() : i > 40 && i < 80 ? 70.5 : 70 + noise()));
    const whole = new HealthMonitor(set, learned);
    const expected = values.map((v, i) => code(whole, [v], 1e6 + i * 1000));
    assert.ok(expected.some((r) => r.codes[0] === "stuck") && expected.some((r) => r.codes[0] === "scale"));
    for (const cut of [20, 60, 110, 150]) {
      const first = new HealthMonitor(set, learned);
      values.slice(0, cut).forEach((v, i) => code(first, [v], 1e6 + i * 1000));
      const second = new HealthMonitor(set, learned);
      assert.equal(second.load(structuredClone(first.save())), true);
      assert.deepEqual(values.slice(cut).map((v, i) => code(second, [v], 1e6 + (cut + i) * 1000)), expected.slice(cut)); // prettier-ignore
    }
    assert.equal(new HealthMonitor({ signals: [spec("other")], periodMs: 0 }).load(whole.save()), false);
  });

  it("never throws, never scores what is no number, always says why", () => {
    const value = fc.oneof(fc.double(), fc.constantFrom(NaN, Infinity, -Infinity, 0, 70, 158));
    const time = fc.oneof(fc.double(), fc.integer(), fc.constant(NaN));
    fc.assert(
      fc.property(fc.array(fc.tuple(value, time, time), { maxLength: 60 }), fc.boolean(), (samples, isLearned) => {
        const monitor = new HealthMonitor(set, isLearned ? learned : undefined);
        for (const [v, t, a] of samples) {
          const report = monitor.push(Float64Array.of(v), t, a);
          assert.ok(report.codes[0]! < SIGNAL_CODES.length && CLOCK_CODES.includes(report.clock));
          if (!Number.isFinite(v)) assert.equal(report.judged[0], 0);
          assert.equal(report.ok, report.judged[0] === 1 && report.clock === "ok");
          assert.equal(monitor.reasons().length > 0, !report.ok);
          for (const reason of monitor.reasons()) assert.doesNotMatch(reason.text + inLanguage(reason, "zh"), /\{\w+\}/);
        }
      }),
    );
  });

  it("learns from wild tables without throwing", () => {
    const value = fc.oneof(fc.double(), fc.constantFrom(NaN, 0, 1));
    fc.assert(
      fc.property(fc.array(fc.tuple(value, value, value), { maxLength: 80 }), (rows) => {
        const two: SignalSet = { signals: [spec("a"), spec("b")], periodMs: 0 };
        const health = learnHealth(
          { rows: rows.length, cols: 2, data: Float64Array.from(rows.flatMap(([a, b]) => [a, b])) },
          Float64Array.from(rows, (r) => r[2]),
          two,
        );
        const monitor = new HealthMonitor(two, health);
        for (const [a, b, t] of rows) monitor.push(Float64Array.of(a, b), t);
        assert.equal(JSON.stringify(health).includes("undefined"), false);
      }),
    );
  });
});
