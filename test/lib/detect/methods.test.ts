/** What every method promises, whatever it computes. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { METHODS } from "../../../lib/detect/methods.ts";
import { FitError, METHOD_NAMES, type Matrix, type MethodName, type Stream } from "../../../lib/detect/types.ts";
import { close, cycle, plant, row, rowsFrom, scoresOf, sum, whole } from "./support.ts";

const COLS = 3;
const train = plant(300, COLS, 1);
const live = plant(600, COLS, 2);
const models = new Map(METHOD_NAMES.map((name) => [name, METHODS[name].fit(whole(train), { seed: 1 })]));
const fresh = (name: MethodName): Stream => METHODS[name].stream(models.get(name)!);
const outputs = (stream: Stream, x: Matrix, r: number): { score: number; shares: Float64Array; expected: Float64Array } => {
  const score = stream.push(row(x, r));
  const shares = new Float64Array(x.cols);
  const expected = new Float64Array(x.cols);
  stream.shares(shares);
  stream.expected(expected);
  return { score, shares, expected };
};

for (const name of METHOD_NAMES)
  describe(`method ${name}`, () => {
    const method = METHODS[name];
    const p = models.get(name)!;
    const window = method.window(p);

    it("scores 0 until it is ready, within its window, then finite scores > 0", () => {
      const stream = fresh(name);
      let ready = 0;
      for (let r = 0; r < live.rows; r++) {
        const score = stream.push(row(live, r));
        if (!stream.ready) assert.equal(score, 0);
        else {
          assert.ok(score > 0 && score < Infinity);
          ready ||= r + 1;
        }
      }
      assert.ok(ready >= 1 && ready <= window, `ready after ${ready} of ${window}`);
    });

    it("shares are >= 0 and sum to 1, or are all 0 before it is ready", () => {
      const stream = fresh(name);
      for (let r = 0; r < live.rows; r++) {
        const { score, shares } = outputs(stream, live, r);
        assert.ok(shares.every((s) => s >= 0));
        assert.ok(close(sum(shares), score > 0 ? 1 : 0, 1e-9), `row ${r}: ${sum(shares)}`);
      }
    });

    it("the highest share names the signal that was moved, and the score rises", () => {
      for (let c = 0; c < COLS; c++) {
        const stream = fresh(name);
        const before = scoresOf(stream, live, 0, 300);
        const moved = { ...live, data: live.data.map((v, i) => (i % COLS === c ? v + 12 : v)) };
        let last = outputs(stream, moved, 300);
        for (let r = 301; r < 340; r++) last = outputs(stream, moved, r);
        const top = last.shares.indexOf(Math.max(...last.shares));
        assert.equal(top, c, `signal ${c}: ${[...last.shares].map((s) => s.toFixed(2)).join(" ")}`);
        const typical = sum(before.slice(200)) / 100;
        assert.ok(last.score > 1.1 * typical, `${last.score} after ${typical}`);
      }
    });

    it("follows from the last `window` samples", () => {
      const all = scoresOf(fresh(name), live);
      for (const end of [window, Math.floor((window + live.rows) / 2), live.rows]) {
        const replayed = scoresOf(fresh(name), live, end - window, end).at(-1)!;
        assert.ok(close(replayed / all[end - 1]!, 1, 1e-6), `${replayed} for ${all[end - 1]!}`);
      }
    });

    it("goes on exactly from its saved state", () => {
      fc.assert(
        fc.property(fc.integer({ min: 0, max: 400 }), (cut) => {
          const one = fresh(name);
          scoresOf(one, live, 0, cut);
          const two = fresh(name);
          scoresOf(two, train, 0, 50); // what it saw before must not matter
          two.load(structuredClone(one.save()));
          assert.equal(two.ready, one.ready);
          for (let r = cut; r < cut + 30; r++) {
            const [a, b] = [outputs(one, live, r), outputs(two, live, r)];
            assert.ok(close(a.score, b.score, 1e-12), `row ${r}`);
            a.shares.forEach((s, c) => assert.ok(close(s, b.shares[c]!, 1e-9)));
            a.expected.forEach((e, c) => assert.ok(Object.is(e, b.expected[c]) || close(e, b.expected[c]!, 1e-9)));
          }
        }),
        { numRuns: 12, seed: 1 },
      );
    });

    it("a saved state does not change with the stream it came from", () => {
      const one = fresh(name);
      scoresOf(one, live, 0, 300);
      const saved = one.save();
      const copy = structuredClone(saved);
      for (let r = 300; r < 350; r++) {
        one.push(row(live, r));
        one.learn?.("yes");
      }
      assert.deepEqual(saved, copy);
    });

    it("starts afresh after a reset", () => {
      const stream = fresh(name);
      scoresOf(stream, live, 0, 250);
      stream.reset();
      assert.equal(stream.ready, false);
      scoresOf(fresh(name), live, 250, 600).forEach((score, i) =>
        assert.ok(close(stream.push(row(live, 250 + i)), score, 1e-10), `sample ${i} after the reset`),
      );
    });

    it("gives the same model for the same seed", () => {
      assert.deepEqual(method.fit(whole(train), { seed: 1 }), p);
      if (name === "forest") assert.notDeepEqual(method.fit(whole(train), { seed: 2 }), p);
    });

    it("does not depend on an offset of 1e9 or on the unit", () => {
      const other = (x: Matrix): Matrix => ({ ...x, data: x.data.map((v, i) => (i % COLS === 1 ? 1000 * v : 1e9 + v)) });
      const scores = scoresOf(method.stream(method.fit(whole(other(train)), { seed: 1 })), other(live), 0, 300);
      const plain = scoresOf(fresh(name), live, 0, 300);
      // 1e9 + v is rounded to 1.2e-7; a forest's cut may fall between
      scores.forEach((s, r) => assert.ok(close(s, plain[r]!, name === "forest" ? 0.02 : 1e-4), `row ${r}: ${s} for ${plain[r]!}`));
    });

    it("stands wild samples, and is back to its scores after them", () => {
      const stream = fresh(name);
      const x = Float64Array.from({ length: COLS });
      for (const wild of [1e300, -1e300, Number.MAX_VALUE, -Number.MAX_VALUE, 0, 1e9]) {
        for (let i = 0; i < 20; i++) {
          const one = { rows: 1, cols: COLS, data: x.map((_, c) => (c === 0 ? wild : 1)) };
          const { score, shares } = outputs(stream, one, 0);
          assert.ok(Number.isFinite(score) && shares.every((s) => s >= 0 && s <= 1 + 1e-12), `${wild}: ${score}, ${[...shares].join(" ")}`);
        }
      }
      const calm = scoresOf(fresh(name), live);
      const after = scoresOf(stream, live);
      // a wild reading weighs at most a thousand standard deviations, so that it is soon forgotten
      assert.ok(close(after.at(-1)!, calm.at(-1)!, 1e-5));
    });

    it("gives a FitError in both languages or finite scores, whatever it is to learn", () => {
      const value = fc.oneof(
        { weight: 6, arbitrary: fc.double({ min: -10, max: 10, noNaN: true }) },
        { weight: 3, arbitrary: fc.constantFrom(0, 1, 5, 1e9) },
        { weight: 1, arbitrary: fc.constantFrom(1e300, -1e300, Number.MAX_VALUE, -Number.MAX_VALUE, 1e-300, 1e150, -1e12) },
      );
      const table = fc.record({
        cols: fc.integer({ min: 1, max: 4 }),
        rows: fc.integer({ min: 1, max: 90 }),
        pool: fc.array(value, { minLength: 1, maxLength: 40 }),
        seed: fc.integer({ min: 0, max: 999 }),
        gap: fc.integer({ min: 1, max: 60 }),
      });
      fc.assert(
        fc.property(table, ({ cols, rows, pool, seed, gap }) => {
          const x = rowsFrom(rows, cols, seed, (_, normal) => Array.from({ length: cols }, () => pool[Math.floor(Math.abs(normal()) * 1e4) % pool.length]!));
          let stream: Stream;
          try {
            stream = method.stream(method.fit(whole(x, gap < rows ? [0, gap] : [0]), { seed: 1 }));
          } catch (e) {
            assert.ok(e instanceof FitError, String(e));
            assert.ok(e.text.en === e.message && /[\u4e00-\u9fff]/.test(e.text.zh));
            return;
          }
          for (let i = 0; i < 60; i++) {
            const { score, shares } = outputs(stream, x, i % rows);
            assert.ok(score >= 0 && score < Infinity, `score ${score}`);
            assert.ok(shares.every((s) => s >= 0) && (score === 0 || sum(shares) < 1 + 1e-9), `shares ${[...shares].join(" ")}`);
          }
        }),
        { numRuns: 60, seed: 7, examples: [[{ cols: 1, rows: 24, pool: [0, -1e12, 0, 0, 1e150, 0, 0, 0, 0, 0], seed: 744, gap: 1 }]] },
      );
    });

    it("learns from constant, collinear and switching signals, and sees a constant one leave its value", () => {
      const make = (seed: number): Matrix =>
        rowsFrom(300, 4, seed, (r, normal) => {
          const v = normal();
          return [v, 2 * v + 3, 7, r % 20 < 10 ? 0 : 1];
        });
      const stream = method.stream(method.fit(whole(make(5)), { seed: 1 }));
      const calm = scoresOf(stream, make(6)).slice(-50);
      assert.ok(calm.every((s) => s > 0 && s < Infinity));
      const left = make(7);
      left.data.forEach((_, i) => (i % 4 === 2 ? (left.data[i] = 9) : 0));
      const after = scoresOf(stream, left, 0, 60);
      if (name === "forest") return; // a feature without a cut is not looked at
      assert.ok(after.at(-1)! > Math.max(...calm), `${after.at(-1)} after ${Math.max(...calm)}`);
    });
  });

describe("methods on a spike of 1e300 among the learning rows", () => {
  it("refuse it rather than be blind; the robust one goes on as if it were not there", () => {
    const spiked = { ...train, data: train.data.slice() };
    spiked.data[100 * COLS] = 1e300;
    for (const name of METHOD_NAMES) {
      if (name === "robust") {
        const scores = scoresOf(METHODS.robust.stream(METHODS.robust.fit(whole(spiked), { seed: 1 })), live);
        const plain = scoresOf(fresh("robust"), live);
        assert.ok(scores.slice(200).every((s, i) => Math.abs(s / plain[200 + i]! - 1) < 0.3));
      } else assert.throws(() => METHODS[name].fit(whole(spiked), { seed: 1 }), FitError, name);
    }
  });
});

describe("methods on few rows", () => {
  it("say how many they need", () => {
    for (const name of METHOD_NAMES) {
      for (const rows of [1, 2, 5])
        assert.throws(
          () => METHODS[name].fit(whole(cycle(rows, 2, 7, 1)), { seed: 1 }),
          (e: unknown) => e instanceof FitError,
          `${name} on ${rows} rows`,
        );
      if (name !== "nearest")
        assert.throws(
          () => METHODS[name].fit(whole(cycle(15, 6, 7, 1)), { seed: 1 }),
          (e: unknown) => e instanceof FitError && /\d|longer/.test(e.message),
        );
    }
  });
});
