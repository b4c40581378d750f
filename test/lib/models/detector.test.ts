import assert from "node:assert/strict";
import fc from "fast-check";
import { graphWindow } from "../../../lib/detect/export/fused.ts";
import { fitDetector } from "../../../lib/detect/fit.ts";
import { FusedStream } from "../../../lib/detect/fused.ts";
import type { DetectorModel } from "../../../lib/detect/model.ts";
import type { MethodChoice } from "../../../lib/detect/settings.ts";
import { METHOD_NAMES, type Matrix } from "../../../lib/detect/types.ts";
import { decodeModel } from "../../../lib/engine/graph/decode.ts";
import { encodeModel } from "../../../lib/engine/graph/encode.ts";
import { MillwrightError } from "../../../lib/errors.ts";
import { readCard } from "../../../lib/models/card.ts";
import { readDetector, writeDetector } from "../../../lib/models/detector.ts";
import { difference, NO_DATA, plant, recordings, rowsOf } from "../detect/export/support.ts";
import { openModel, type RuntimeTensor } from "../../support/onnxruntime.ts";

const START = Date.UTC(2026, 0, 5);

function fit(x: Matrix, method: MethodChoice = "auto"): DetectorModel {
  const signals = Array.from({ length: x.cols }, (_, c) => ({ name: `泵 ${c}`, unit: "bar", low: c === 0 ? -1e6 : null, high: null, kind: "auto" as const }));
  const times = Float64Array.from({ length: x.rows }, (_, r) => START + 1000 * r);
  return fitDetector({ signals, periodMs: 0, chunks: [{ rows: x.data, times }], exclude: [], method, falseAlarmsPerWeek: 1, confidence: 0.9, seed: 1 }).model;
}

/** A copy of `x` with a discrete and a constant signal put between the others. */
function withOthers(x: Matrix): Matrix {
  const cols = x.cols + 2;
  const data = new Float64Array(x.rows * cols);
  for (let r = 0; r < x.rows; r++) {
    data.set(x.data.subarray(r * x.cols, r * x.cols + 1), r * cols);
    data[r * cols + 1] = Math.floor(r / 50) % 2;
    data[r * cols + 2] = 7;
    data.set(x.data.subarray(r * x.cols + 1, (r + 1) * x.cols), r * cols + 3);
  }
  return { rows: x.rows, cols, data };
}

/** Largest relative difference of plain onnxruntime on a window from the running stream, score and contributions, over the rows of `x`. */
async function compare(model: DetectorModel, bytes: Uint8Array, x: Matrix): Promise<{ worst: number; compared: number } | undefined> {
  const session = await openModel(bytes);
  if (session === undefined) return undefined;
  const stream = new FusedStream(model.members, model.columns.length, model.smoothing);
  const window = graphWindow(model);
  const parts = new Float64Array(model.columns.length);
  let worst = 0,
    compared = 0;
  for (let r = 0; r < x.rows; r++) {
    const row = x.data.subarray(r * x.cols, (r + 1) * x.cols);
    const expected = stream.push(Float64Array.from(model.columns, (c) => row[c]!)) / model.limit;
    // a smoothed score forgets its start as slowly as its weights fade
    if (r < window + (model.smoothing < 1 ? window : 0) || r % 9 !== 0) continue;
    const data = x.data.slice((r + 1 - window) * x.cols, (r + 1) * x.cols);
    const outputs: Record<string, RuntimeTensor> = await session.run({ window: { type: "float64", shape: [window, x.cols], data } });
    const score = outputs["score"]!;
    const contributions = outputs["contributions"]!;
    assert.deepEqual([score.type, score.dims, contributions.dims], ["float64", [1], [x.cols]]);
    worst = Math.max(worst, difference(Number(score.data[0]), expected));
    stream.contributions(parts);
    Array.from(contributions.data, Number).forEach((v, i) => {
      const c = model.columns.indexOf(i);
      const part = c < 0 ? 0 : parts[c]! / model.limit;
      worst = Math.max(worst, Math.abs(v - part) / Math.max(1, expected));
    });
    compared++;
  }
  await session.release();
  return { worst, compared };
}

const refused = (error: unknown): boolean => error instanceof MillwrightError && error.code === "MW_MODEL_FORMAT";

describe("detector file", function () {
  this.timeout(120_000);
  const x = withOthers(plant(2400, 4, 11));
  const train = rowsOf(x, 0, 1500),
    live = rowsOf(x, 1500, 2400);
  for (let r = 600; r < 700; r++) live.data[r * live.cols]! += 8;
  let model: DetectorModel, bytes: Uint8Array;

  before(() => {
    model = fit(train);
    bytes = writeDetector(model);
  });

  for (const method of METHOD_NAMES)
    it(`scores like the stream in plain onnxruntime: ${method}`, async function () {
      const one = fit(train, method);
      const { worst, compared } = (await compare(one, writeDetector(one), live)) ?? this.skip();
      assert.ok(compared > 30 && worst < 1e-4, `${worst} over ${compared} windows`);
    });

  it("scores like the stream when fused, and when smoothed", async function () {
    const members = METHOD_NAMES.map((method, i) => ({ ...fit(train, method).members[0]!, weight: (i + 1) / 21 }));
    for (const smoothing of [1, 0.3]) {
      const fused = { ...model, members, smoothing, window: 0 };
      const { worst, compared } =
        (await compare({ ...fused, window: graphWindow(fused) }, writeDetector({ ...fused, window: graphWindow(fused) }), live)) ?? this.skip();
      assert.ok(compared > 30 && worst < 1e-4, `${worst} over ${compared} windows`);
    }
  });

  it("scores like the stream on real recordings, as auto chose", async function () {
    const files = recordings(6);
    if (files === undefined) {
      this.test!.title += ` (skipped: ${NO_DATA})`;
      return this.skip();
    }
    for (const file of files) {
      const one = fit(rowsOf(file, 0, 400));
      const { worst, compared } = (await compare(one, writeDetector(one), rowsOf(file, 400, file.rows))) ?? this.skip();
      assert.ok(compared > 20 && worst < 1e-4, `${worst} over ${compared} windows`);
    }
  });

  it("gives back the model it was written from", () => {
    const again = readDetector(bytes);
    assert.deepEqual(again, model);
    assert.deepEqual(writeDetector(again), bytes);
    const row = Float64Array.from(model.columns, (c) => live.data[c]!);
    const a = new FusedStream(model.members, model.columns.length, 1),
      b = new FusedStream(again.members, again.columns.length, 1);
    for (let i = 0; i < 300; i++) assert.equal(a.push(row), b.push(row));
  });

  it("stores each learned array once, and every array of the graph by its place in the model", () => {
    const { graph, opsets, metadata } = decodeModel(bytes);
    assert.deepEqual(opsets, { "": 20 });
    const named = [...graph.initializers.keys()].filter((n) => n.startsWith("members."));
    assert.ok(named.length > 3, named.join());
    const arrays = Object.keys(JSON.parse(metadata["millwright.arrays"] ?? "") as object);
    assert.deepEqual(arrays.filter((n) => named.includes(n)), []); // prettier-ignore
    const used = new Set(graph.nodes.flatMap((n) => n.inputs));
    assert.deepEqual([...graph.initializers.keys()].filter((n) => !used.has(n)), [], "initializers without a use"); // prettier-ignore
  });

  it("carries the card, readable in any viewer", () => {
    const { metadata } = decodeModel(bytes);
    const card = readCard(metadata)!;
    assert.equal(card["task"], "anomaly detection");
    assert.deepEqual((card["signals"] as { name: string; unit: string; kind: string }[]).map((s) => [s.name, s.unit, s.kind]), model.signals.map((s, i) => [s.name, "bar", model.kinds[i]])); // prettier-ignore
    assert.deepEqual(card["window"], { samples: graphWindow(model), periodMs: 1000 });
    assert.equal(card["method"], model.members.map((m) => m.method).join(" + "));
    assert.deepEqual(card["why"], model.why);
    const { targetPerWeek, confidence, limit } = card["calibration"] as Record<string, number>;
    assert.deepEqual([targetPerWeek, confidence, limit], [1, 0.9, model.limit]);
    const training = card["training"] as Record<string, unknown>;
    assert.match(String(training["sha256"]), /^[0-9a-f]{64}$/);
    assert.equal(training["from"], "2026-01-05T00:00:00.000Z");
    assert.equal(training["seed"], 1);
    const { en, zh } = card["limitsOfUse"] as { en: string[]; zh: string[] };
    assert.equal(en.length, zh.length);
    assert.match(en.join(), /Not a safety function/);
    assert.match(String(card["producer"]), /^@millwright\/node-red-ai \d/);
    assert.ok("licence" in card && "created" in card && "metrics" in card);
    assert.equal(readCard({ origin: "elsewhere" }), undefined);
    assert.deepEqual(readCard({ "card.why": "[sic]" }), { why: "[sic]" });
  });

  it("has a card also when the data had no clock", () => {
    const bare = { ...model, trained: { ...model.trained, from: NaN, to: NaN, created: NaN } };
    const again = writeDetector(bare);
    assert.equal((readCard(decodeModel(again).metadata)!["training"] as Record<string, unknown>)["from"], null);
    assert.ok(Number.isNaN(readDetector(again).trained.from));
  });

  describe("that is not whole", () => {
    it("is refused at every truncation and never crashes on changed bytes", () => {
      const step = Math.ceil(bytes.length / 400);
      for (let n = 0; n < bytes.length; n += n < 300 ? 1 : step) assert.throws(() => readDetector(bytes.subarray(0, n)), refused);
      fc.assert(
        fc.property(fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { minLength: 1, maxLength: 5 }), (changes) => {
          const changed = Uint8Array.from(bytes);
          for (const [i, v] of changes) changed[i] = v;
          try {
            readDetector(changed);
          } catch (error) {
            assert.ok(refused(error), String(error));
          }
        }),
        { numRuns: 300 },
      );
    });

    it("is refused when it is another model, of a later format, or has parts missing", () => {
      const file = decodeModel(bytes);
      const params = file.metadata["millwright.detector"]!;
      const change = (edit: (m: Record<string, unknown>) => void): Uint8Array => {
        const m = JSON.parse(params) as Record<string, unknown>;
        edit(m);
        return encodeModel({ ...file, metadata: { ...file.metadata, "millwright.detector": JSON.stringify(m) } });
      };
      assert.deepEqual(readDetector(change(() => undefined)), model);
      const edits: readonly ((m: Record<string, unknown>) => void)[] = [
        (m) => (m["format"] = 2),
        (m) => (m["signals"] = 5),
        (m) => (m["signals"] = [null]),
        (m) => (m["columns"] = [99]),
        (m) => (m["columns"] = []),
        (m) => (m["members"] = []),
        (m) => (m["members"] = [null]),
        (m) => (m["members"] = [{ method: "magic", params: {}, weight: 1, scale: 1 }]),
        (m) => (m["limit"] = { $number: "NaN" }),
        (m) => (m["limit"] = -1),
        (m) => delete m["health"],
        (m) => (m["impute"] = { $tensor: "none" }),
      ];
      for (const edit of edits) assert.throws(() => readDetector(change(edit)), refused, edit.toString());
      assert.throws(() => readDetector(encodeModel({ ...file, metadata: {} })), refused);
      assert.throws(() => readDetector(encodeModel({ ...file, metadata: { ...file.metadata, "millwright.arrays": "5x" } })), refused);
      assert.throws(() => readDetector(encodeModel({ ...file, graph: { ...file.graph, initializers: new Map() } })), refused);
    });
  });
});
