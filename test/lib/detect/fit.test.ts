import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { fitDetector, type FitResult } from "../../../lib/detect/fit.ts";
import { pack } from "../../../lib/detect/frames.ts";
import { FusedStream } from "../../../lib/detect/fused.ts";
import { METHODS } from "../../../lib/detect/methods.ts";
import { FitError, METHOD_NAMES, type Matrix } from "../../../lib/detect/types.ts";
import { close, cycle, jobOf, plant, row, rowsFrom, spec, sum } from "./support.ts";

const x = plant(500, 3, 1);
const results = new Map(METHOD_NAMES.map((method) => [method, fitDetector(jobOf(x, { method }))]));
/** The bytes of a result, but for the time at which it was made. */
const bytes = ({ model, warm }: FitResult): Uint8Array => pack({ model: { ...model, trained: { ...model.trained, created: 0 } }, warm });

for (const method of METHOD_NAMES)
  describe(`a detector by ${method}`, () => {
    const { model, warm } = results.get(method)!;

    it("is the same to the byte for the same job, however it was cut into chunks", () => {
      assert.deepEqual(bytes(fitDetector(jobOf(x, { method }, undefined, 77))), bytes({ model, warm }));
    });

    it("describes itself", () => {
      assert.deepEqual(
        model.members.map((m) => m.method),
        [method],
      );
      assert.equal(sum(model.members.map((m) => m.weight)), 1);
      assert.equal(model.periodMs, 1000);
      assert.equal(model.window, METHODS[method].window(model.members[0]!.params));
      assert.deepEqual([model.trained.rows, model.trained.from, model.trained.to, model.trained.seed], [500, 1e6, 1e6 + 499_000, 1]);
      assert.ok(model.why.en.includes(method) && model.why.zh.includes(method));
      const c = model.calibration;
      const ceiling = (METHODS[method].ceiling?.(model.members[0]!.params) ?? Infinity) / model.members[0]!.scale;
      assert.ok(c.limit <= Math.max(c.highest, ceiling), "can be reached");
      assert.ok(c.perWeek >= c.targetPerWeek && c.excesses > 0 && c.limit === model.limit && c.limit > c.quantile90);
    });

    it("has a limit that normal data keeps and a clear fault exceeds", () => {
      const live = plant(400, 3, 9);
      const run = (data: Matrix): number[] => {
        const fused = new FusedStream(model.members, 3, model.smoothing);
        return Array.from({ length: data.rows }, (_, r) => fused.push(row(data, r)) / model.limit);
      };
      const calm = run(live);
      assert.ok(calm.filter((s) => s > 1).length <= 4, `${calm.filter((s) => s > 1).length} of 400 above the limit`);
      // for a forest one signal far out is not more than the corners of what is normal: all three
      const moved = (i: number): boolean => i >= 900 && (i % 3 === 1 || method === "forest");
      const fault = run({ ...live, data: live.data.map((v, i) => (moved(i) ? v + 100 : v)) });
      assert.ok(Math.max(...fault.slice(300)) > 1, `reaches ${Math.max(...fault.slice(300))}`);
    });

    it("hands over streams that go on from the learning data", () => {
      const all = new FusedStream(model.members, 3, model.smoothing);
      const handed = new FusedStream(model.members, 3, model.smoothing);
      for (let r = 0; r < x.rows; r++) all.push(row(x, r));
      handed.load(structuredClone(warm.fused));
      const live = plant(20, 3, 9);
      for (let r = 0; r < 20; r++) {
        const [a, b] = [all.push(row(live, r)), handed.push(row(live, r))];
        assert.ok(handed.ready && close(a / b, 1, 1e-6), `row ${r}: ${b} for ${a}`);
      }
    });
  });

describe("fitting a detector", () => {
  it("tells its progress from 0 on, never backwards, through all steps", () => {
    const told: [number, string][] = [];
    const { model } = fitDetector(jobOf(plant(600, 3, 2), { method: "auto" }), (share, what) => told.push([share, what]));
    assert.ok(model.members[0]!.method !== "nearest"); // it did race
    assert.equal(told[0]![0], 0);
    told.forEach(([share], i) => assert.ok(share <= 1 && (i === 0 || share >= told[i - 1]![0]), `${told[i - 1]?.join(" ")} before ${told[i]!.join(" ")}`));
    assert.deepEqual([...new Set(told.map(([, what]) => what))], ["prepare", "race", "calibrate", "fit", "warm"]);
    assert.ok(told.filter(([, what]) => what === "race").length > 3);
  });

  it("signs the samples that were learned: SHA-256 of float64, little-endian, row by row", () => {
    const label = new Uint8Array(500);
    label[10] = 1;
    const { trained } = fitDetector(jobOf(x, { label })).model;
    const view = new DataView(new ArrayBuffer(8 * 499 * 3));
    x.data.filter((_, i) => Math.floor(i / 3) !== 10).forEach((v, i) => view.setFloat64(8 * i, v, true));
    assert.equal(trained.digest, createHash("sha256").update(view).digest("hex"));
    assert.equal(trained.rows, 499);
    assert.notEqual(trained.digest, results.get("mahalanobis")!.model.trained.digest);
  });

  it("takes the pattern method on its own for one signal", () => {
    const { model } = fitDetector(jobOf(cycle(600, 1, 50, 1), { method: "auto" }));
    assert.equal(model.members[0]!.method, "nearest");
    assert.ok(model.limit >= 0.9 && model.candidates.some((c) => c.chosen && c.method === "nearest"));
  });

  it("asks for a higher limit when fewer alarms are wanted", () => {
    const limit = (falseAlarmsPerWeek: number, confidence = 0.9): number => fitDetector(jobOf(x, { falseAlarmsPerWeek, confidence })).model.limit;
    assert.ok(limit(10_000) < limit(1000));
    assert.ok(limit(1000, 0.6) < limit(1000, 0.95));
  });

  it("shows the methods only the signals that were learned", () => {
    const wide = rowsFrom(400, 4, 3, (r, normal) => [normal(), r % 2, 5, normal()]);
    const { model } = fitDetector(jobOf(wide, { signals: [spec("a"), spec("b"), spec("c"), spec("d", "ignore")] }));
    assert.deepEqual(
      [model.kinds, model.columns],
      [
        ["analog", "discrete", "constant", "ignore"],
        [0, 2],
      ],
    );
    assert.equal(model.impute.mean.length, 2);
    assert.equal(model.change.mean.length, 2);
  });

  it("says in both languages why it can't", () => {
    const why = (data: Matrix, en: RegExp, more: Parameters<typeof jobOf>[1] = {}): void =>
      assert.throws(
        () => fitDetector(jobOf(data, more)),
        (e: unknown) => e instanceof FitError && en.test(e.text.en) && /[\u4e00-\u9fff]/.test(e.text.zh),
      );
    why(plant(20, 3, 1), /20 usable samples, at least 80 are needed/);
    why(rowsFrom(300, 2, 1, () => [4, 4]), /no signal varies during the learning period/); // prettier-ignore
    why(plant(90, 1, 1), /calibration needs at least 60 scores/, { method: "nearest" });
    why(plant(100, 50, 1), /mahalanobis needs at least 110 complete samples for 50 signals, got 80/);
    why({ rows: 0, cols: 2, data: new Float64Array(0) }, /no signal varies/);
    for (const method of METHOD_NAMES) why(plant(31, 3, 1), /./, { method });
    why(plant(31, 3, 1), /./, { method: "auto" });
  });
});
