import assert from "node:assert/strict";
import { EXPORTERS } from "../../../../lib/detect/export/fused.ts";
import { Weights } from "../../../../lib/detect/export/weights.ts";
import { METHODS } from "../../../../lib/detect/methods.ts";
import { METHOD_NAMES, type Matrix, type MethodName } from "../../../../lib/detect/types.ts";
import { GraphBuilder } from "../../../../lib/engine/graph/builder.ts";
import { encodeModel } from "../../../../lib/engine/graph/encode.ts";
import { openModel, type RuntimeSession, type RuntimeTensor } from "../../../support/onnxruntime.ts";
import { difference, NO_DATA, plant, recordings, rowsOf, streamScores, uniform, whole } from "./support.ts";

/** The method alone as a model: input `x` [rows, cols], outputs `y` [steps] and `parts` [cols]. */
async function open(name: MethodName, p: object, rows: number, cols: number, steps: number): Promise<RuntimeSession | undefined> {
  const g = new GraphBuilder();
  const x = g.input("x", "float64", [rows, cols]);
  const { score, parts } = EXPORTERS[name]({ g, w: new Weights(g, new Map()), x, steps }, p);
  g.output("y", score);
  g.output("parts", parts);
  return openModel(encodeModel(g.build({ name, producer: "test", producerVersion: "0", metadata: {} })));
}

/** Largest relative difference of scores, and largest difference of shares, between graph and stream over the rows of `x` that have a whole window. */
async function compare(name: MethodName, train: Matrix, x: Matrix, steps = 1): Promise<{ worst: number; share: number; compared: number } | undefined> {
  const method = METHODS[name];
  const p = method.fit(whole(train), { seed: 1 });
  const rows = method.window(p) + steps - 1;
  const session = await open(name, p, rows, x.cols, steps);
  if (session === undefined) return undefined;
  const expected = streamScores(method, p, x);
  let worst = 0,
    share = 0,
    compared = 0;
  for (let end = rows; end <= x.rows; end += 1 + Math.floor(x.rows / 60)) {
    const data = x.data.slice((end - rows) * x.cols, end * x.cols);
    const outputs: Record<string, RuntimeTensor> = await session.run({ x: { type: "float64", shape: [rows, x.cols], data } });
    const y = outputs["y"]!;
    const parts = outputs["parts"]!;
    assert.deepEqual([y.dims, parts.dims], [[steps], [x.cols]]);
    for (let s = 0; s < steps; s++) worst = Math.max(worst, difference(Number(y.data[s]), expected.scores[end - steps + s]!));
    const got = Array.from(parts.data, Number);
    const total = got.reduce((a, b) => a + b, 0);
    got.forEach((v, c) => (share = Math.max(share, Math.abs((total > 0 ? v / total : 0) - expected.shares[(end - 1) * x.cols + c]!))));
    compared += steps;
  }
  await session.release();
  return { worst, share, compared };
}

for (const name of METHOD_NAMES)
  describe(`${name} as a graph`, function () {
    this.timeout(60_000);

    for (const cols of [1, 3, 8])
      it(`gives the stream's scores and shares: ${cols} simulated signals`, async function () {
        const x = plant(1400, cols, cols);
        const { worst, share, compared } = (await compare(name, rowsOf(x, 0, 800), rowsOf(x, 800, 1400))) ?? this.skip();
        assert.ok(compared > 30 && worst < 1e-6 && share < 1e-6, `score ${worst}, share ${share} over ${compared} windows`);
      });

    it("gives the stream's scores and shares at several steps at once", async function () {
      const x = plant(1200, 3, 5);
      const { worst, share, compared } = (await compare(name, rowsOf(x, 0, 700), rowsOf(x, 700, 1200), 4)) ?? this.skip();
      assert.ok(compared > 30 && worst < 1e-6 && share < 1e-6, `score ${worst}, share ${share} over ${compared} windows`);
    });

    it("gives the stream's scores and shares on steps, spikes, flat lines and wild values", async function () {
      const x = plant(1600, 4, 9);
      const faulty = rowsOf(x, 800, 1600);
      const next = uniform(3);
      for (let r = 100; r < 800; r++)
        for (let c = 0; c < 4; c++) {
          const i = r * 4 + c;
          const level = 10 ** (c % 5);
          if (r % 97 === 0) faulty.data[i]! += 50 * level * (next() - 0.5);
          if (r > 300 && r < 360 && c === 1) faulty.data[i] = 20 * level;
          if (r > 450 && c === 2) faulty.data[i]! += 8 * level;
          if (r === 600) faulty.data[i] = 1e12;
          if (r > 700) faulty.data[i] = 0;
        }
      const { worst, share, compared } = (await compare(name, rowsOf(x, 0, 800), faulty)) ?? this.skip();
      assert.ok(compared > 30 && worst < 1e-6 && share < 1e-6, `score ${worst}, share ${share} over ${compared} windows`);
    });

    it("gives the stream's scores and shares on real recordings", async function () {
      const files = recordings(4);
      if (files === undefined) {
        this.test!.title += ` (skipped: ${NO_DATA})`;
        return this.skip();
      }
      assert.equal(files.length, 4);
      for (const x of files) {
        const { worst, share, compared } = (await compare(name, rowsOf(x, 0, 400), rowsOf(x, 400, x.rows))) ?? this.skip();
        assert.ok(compared > 30 && worst < 1e-6 && share < 1e-6, `score ${worst}, share ${share} over ${compared} windows`);
      }
    });
  });
