import assert from "node:assert/strict";
import { calibrate, outOfFold } from "../../../lib/detect/calibrate.ts";
import { METHODS } from "../../../lib/detect/methods.ts";
import { nearest } from "../../../lib/detect/methods/nearest.ts";
import { heldOut, race } from "../../../lib/detect/race.ts";
import { FitError, METHOD_NAMES } from "../../../lib/detect/types.ts";
import { cycle, plant, row, rowsFrom, whole } from "./support.ts";

const target = { perWeek: 1, periodMs: 60_000, confidence: 0.9 };
const context = { seed: 1 };

describe("race: which method auto takes", () => {
  it("never the pattern method for several signals, also where they repeat the same course", () => {
    const { method, candidates } = race(whole(cycle(700, 3, 50, 1)), context, target);
    assert.notEqual(method, "nearest");
    assert.deepEqual(candidates.map((c) => c.method), ["var", "mahalanobis", "pca"]); // prettier-ignore
  });

  it("a state method on correlated noise, one that stays well below its own limit", () => {
    const told: number[] = [];
    const { method, candidates, why } = race(whole(plant(900, 4, 2)), context, target, (share) => told.push(share));
    assert.deepEqual(candidates.map((c) => c.method), ["var", "mahalanobis", "pca"]); // prettier-ignore
    assert.deepEqual(candidates.filter((c) => c.chosen).map((c) => c.method), [method]); // prettier-ignore
    const margins = candidates.map((c) => c.margin);
    assert.ok(margins.every((m) => m < 0));
    assert.ok(candidates.find((c) => c.chosen)!.margin <= Math.min(...margins) + 0.4);
    for (const text of [why.en, why.zh]) for (const name of ["var", "mahalanobis", "pca"]) assert.ok(text.includes(name));
    assert.ok(told.length > 3 && told.every((s, i) => s >= 0 && s <= 1 && (i === 0 || s >= told[i - 1]!)));
  });

  it("the pattern method for one signal, whatever it is", () => {
    const { method, why, candidates } = race(whole(rowsFrom(300, 1, 1, (_, normal) => [normal()])), context, target);
    assert.deepEqual([method, candidates.length], ["nearest", 1]);
    assert.ok(/^nearest: /.test(why.en) && /^nearest：/.test(why.zh));
  });

  it("the simplest method when the data are too short to compare, without failing", () => {
    for (const rows of [2, 12, 30, 60, 100]) {
      const { method, candidates, why } = race(whole(plant(rows, 5, 3)), context, target);
      assert.equal(candidates.filter((c) => c.chosen).length, 1);
      assert.ok(METHOD_NAMES.includes(method) && why.zh !== "");
      if (rows <= 60) assert.deepEqual([method, why.en], ["mahalanobis", "mahalanobis: not enough data to compare methods"]);
    }
  });

  it("stands gaps at and around its cuts", () => {
    const { candidates } = race(whole(plant(400, 3, 2), [0, 199, 200, 240, 300, 399]), context, target);
    assert.ok(candidates.slice(0, 3).every((c) => Number.isFinite(c.margin)));
  });

  it("forgets what was before a gap", () => {
    // every 40 rows one signal starts again on another level: a one-step prediction across it fails, within it holds
    const x = plant(1000, 5, 4);
    const jumping = { ...x, data: x.data.map((v, i) => v + (i % 5 === 0 && Math.floor(i / 200) % 2 ? 300 : 0)) };
    const margin = (starts: readonly number[]): number => race(whole(jumping, starts), context, target).candidates.find((c) => c.method === "var")!.margin;
    const told = margin(Array.from({ length: 25 }, (_, k) => 40 * k));
    assert.ok(told < 0, `${told}`);
    assert.notEqual(told, margin([0]));
  });

  it("does not depend on chance", () => {
    const [a, b] = [1, 2].map(() => race(whole(plant(400, 3, 5)), context, target));
    assert.deepEqual(a, b);
  });
});

describe("held-out scores of a method", () => {
  const x = cycle(500, 2, 40, 1);

  it("the pattern method scores the second half as it comes, and learns it after scoring", () => {
    const { scores, starts } = heldOut("nearest", whole(x), context);
    assert.equal(scores.length, 250);
    assert.deepEqual(starts, [0]);
    // the same by hand, without learning: the same at first, never lower later
    const p = nearest.fit(whole({ rows: 250, cols: 2, data: x.data.slice(0, 500) }), context);
    const stream = nearest.stream(p);
    for (let r = 250 - nearest.window(p); r < 250; r++) stream.push(row(x, r));
    const untold = Array.from({ length: 250 }, (_, i) => stream.push(row(x, 250 + i)));
    assert.equal(scores[0], untold[0]);
    assert.notDeepEqual([...scores], untold);
  });

  it("the others are scored by models that were fitted without them", () => {
    const held = heldOut("mahalanobis", whole(x), context);
    assert.deepEqual(held, outOfFold(METHODS.mahalanobis, whole(x), context));
    assert.equal(held.starts.length, 5);
    assert.ok(Number.isFinite(calibrate(held.scores, target, held.starts).limit));
  });

  it("say so when there is too little", () => {
    for (const method of METHOD_NAMES) assert.throws(() => calibrate(heldOut(method, whole(cycle(30, 2, 9, 1)), context).scores, target), FitError, method);
  });

  it("a run that begins in the second half begins a run of scores", () => {
    const { scores, starts } = heldOut("nearest", whole(x, [0, 100, 300]), context);
    const warm = nearest.fit(whole({ rows: 250, cols: 2, data: x.data.slice(0, 500) }, [0, 100]), context).windows[0]!;
    assert.deepEqual(starts, [0, 50]);
    assert.equal(scores.length, 250 - (warm - 1));
  });
});
