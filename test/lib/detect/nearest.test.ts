import assert from "node:assert/strict";
import { fitNearest } from "../../../lib/detect/methods/nearest/fit.ts";
import { Library } from "../../../lib/detect/methods/nearest/library.ts";
import type { NearestParams } from "../../../lib/detect/methods/nearest/params.ts";
import { NearestStream } from "../../../lib/detect/methods/nearest/stream.ts";
import { analogColumns, classifySignals } from "../../../lib/detect/split.ts";
import type { Matrix } from "../../../lib/detect/types.ts";
import { close, cycle, plant, row, rowsFrom, scoresOf, whole } from "./support.ts";

describe("nearest: fit", () => {
  it("learns the quantile of the distances to windows at least one window earlier", () => {
    const x = plant(400, 2, 1);
    const p = fitNearest(whole(x));
    assert.deepEqual([...p.windows], [27, 40, 60, 90]); // three of each fit into 400 rows
    const z = Array.from({ length: 400 }, (_, r) => Array.from(row(x, r), (v, c) => (v - p.center[c]!) / p.scale[c]!));
    p.windows.forEach((w, k) => {
      const distances: number[] = [];
      for (let end = 2 * w; end < 400; end++) {
        let best = Infinity;
        for (let j = w; j <= end - w; j++) {
          let d = 0;
          for (let i = 0; i < w; i++) d += (z[end - i]![0]! - z[j - i]![0]!) ** 2 + (z[end - i]![1]! - z[j - i]![1]!) ** 2;
          best = Math.min(best, d);
        }
        distances.push(Math.sqrt(best / (2 * w)));
      }
      const exact = distances.sort((a, b) => a - b)[Math.floor(0.75 * distances.length)]!;
      assert.ok(Math.abs(Math.log(p.quantiles[k]! / exact)) < 0.06, `window ${w}: ${p.quantiles[k]} for ${exact}`);
    });
  });

  it("keeps the rows that were new when the library is too small for all", () => {
    const odd = (r: number): boolean => r >= 1000 && r < 1120;
    const x = rowsFrom(7000, 1, 2, (r, normal) => [odd(r) ? 4 + Math.sin(r) : Math.sin(r / 8) + 0.05 * normal()]);
    const p = fitNearest(whole(x));
    assert.ok(p.rows < 3072 && p.rows + p.capacity === 3072);
    const level = (4 - p.center[0]!) / p.scale[0]!;
    assert.ok(p.library.filter((v) => Math.abs(v - level) < 0.2).length > 10, "the odd stretch is known");
  });

  it("tells analog, discrete and constant signals apart", () => {
    const x = rowsFrom(50, 5, 1, (r, normal) => [normal(), r % 2, 0, 7, 1e9 + (r % 2) * 1e-7]);
    const kinds = classifySignals(x);
    assert.deepEqual(kinds.map((k) => k.kind), ["analog", "discrete", "constant", "constant", "constant"]); // prettier-ignore
    assert.deepEqual(analogColumns(kinds), [0, 3, 4]);
    assert.deepEqual([...fitNearest(whole(x)).columns], [0, 1, 2, 3, 4], "the method compares what it is given");
  });
});

describe("nearest: stream", () => {
  const small = (x: Matrix, capacity: number): NearestParams => ({ ...fitNearest(whole(x)), capacity });
  const known = cycle(500, 2, 40, 1);
  const shape = (seed: number, rows = 120): Matrix =>
    rowsFrom(rows, 2, seed, (r, normal) => [2 * Math.cos(r / 3) + 0.05 * normal(), 2 + Math.sin(r / 2) + 0.05 * normal()]);
  const last = (s: NearestStream, x: Matrix, learn?: "yes" | "hold" | "no"): number => {
    let score = 0;
    for (let r = 0; r < x.rows; r++) {
      score = s.push(row(x, r));
      if (learn) s.learn(learn);
    }
    return score;
  };

  it("is the geometric mean over the windows of 1 + d / (q + floor), less 1", () => {
    const p = small(known, 0);
    const x = plant(300, 2, 3);
    const stream = new NearestStream(p);
    const library = new Library(2, p.windows, p.library, p.run, 0);
    for (let r = 0; r < x.rows; r++) {
      const score = stream.push(row(x, r));
      library.push(row(x, r).map((v, c) => Math.max(-1e3, Math.min(1e3, (v - p.center[c]!) / p.scale[c]!))));
      const ratios = [...library.best].flatMap((d, k) => (d < 0 ? [] : [1 + d / (p.quantiles[k]! + p.floor)]));
      const told = ratios.length === 0 ? 0 : ratios.reduce((a, b) => a * b, 1) ** (1 / ratios.length) - 1;
      assert.ok(close(score, told, 1e-9), `row ${r}`);
    }
  });

  it("knows a shape again that it may learn, not one that was refused, and stays as fitted when it is told nothing", () => {
    const scores = ([undefined, "yes", "no"] as const).map((learn) => {
      const s = new NearestStream(small(known, 600));
      const first = last(s, shape(1), learn);
      last(s, known, learn === "no" ? "yes" : learn);
      return { first, again: last(s, shape(2), learn) };
    });
    const [untold, learned, refused] = scores as [(typeof scores)[0], (typeof scores)[0], (typeof scores)[0]];
    assert.ok(Math.abs(untold.again / untold.first - 1) < 0.2);
    assert.ok(learned.again < 0.5 * learned.first, `${learned.again} after ${learned.first}`);
    assert.ok(refused.again > 0.6 * refused.first, `${refused.again} after ${refused.first}`);
  });

  it("learns what was held only when it is released for good", () => {
    const again = [true, false].map((accept) => {
      const s = new NearestStream(small(known, 900));
      last(s, shape(1), "hold");
      s.release(accept);
      last(s, known, "yes");
      return last(s, shape(2), "no");
    });
    assert.ok(again[0]! < 0.5 * again[1]!, `${again[0]} when accepted, ${again[1]} when given up`);
  });

  it("learns after all what was refused for longer than four of the longest windows", () => {
    const s = new NearestStream(small(known, 600));
    const lasting = shape(1, 1600);
    const scores: number[] = [];
    for (let r = 0; r < lasting.rows; r++) {
      scores.push(s.push(row(lasting, r)));
      s.learn("no");
    }
    const longest = fitNearest(whole(known)).windows.at(-1)!;
    assert.ok(Math.min(...scores.slice(200, 4 * longest)) > 2 * scores.at(-1)!);
  });

  it("goes on exactly from a state saved while rows are held and the ring comes round", () => {
    const p = small(known, 150);
    const x = cycle(500, 2, 33, 9);
    const how = (r: number): "yes" | "hold" | "no" => (r % 50 > 40 ? "hold" : r % 7 === 0 ? "no" : "yes");
    const step = (s: NearestStream, r: number): number => {
      const score = s.push(row(x, r));
      s.learn(how(r));
      if (r % 50 === 49) s.release(r % 100 === 49);
      return score;
    };
    for (const cut of [1, 30, 45, 60, 145, 149, 150, 248, 333]) {
      const one = new NearestStream(p);
      for (let r = 0; r < cut; r++) step(one, r);
      const two = new NearestStream(p);
      two.load(structuredClone(one.save()));
      for (let r = cut; r < 500; r++) {
        const [a, b] = [step(one, r), step(two, r)];
        assert.ok(close(a, b, 1e-9), `row ${r} after ${cut}: ${b} for ${a}`);
      }
    }
  });

  it("remembers across a restart how long it has been refused", () => {
    const x = shape(1, 900);
    const step = (s: NearestStream, r: number): number => {
      const score = s.push(row(x, r));
      s.learn("no");
      return score;
    };
    const one = new NearestStream(small(known, 600));
    for (let r = 0; r < 400; r++) step(one, r);
    const two = new NearestStream(small(known, 600));
    two.load(structuredClone(one.save()));
    for (let r = 400; r < 900; r++) {
      const [a, b] = [step(one, r), step(two, r)];
      assert.ok(close(a, b, 1e-9), `row ${r}: ${b} for ${a}`);
    }
  });

  it("refuses the state of another model", () => {
    const s = new NearestStream(small(known, 100));
    last(s, known, "yes");
    assert.throws(() => new NearestStream(small(known, 20)).load(s.save()), /another model/);
    assert.ok(scoresOf(s, known).every(Number.isFinite));
  });
});
