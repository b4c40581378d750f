import assert from "node:assert/strict";
import fc from "fast-check";
import { MillwrightError } from "../../../../lib/errors.ts";
import { GraphBuilder, type Value } from "../../../../lib/engine/graph/builder.ts";
import { decodeModel } from "../../../../lib/engine/graph/decode.ts";
import { encodeModel } from "../../../../lib/engine/graph/encode.ts";
import { elements } from "../../../../lib/engine/graph/types.ts";
import { RULES, type OpName } from "../../../../lib/engine/graph/shapes.ts";
import { openModel, type RuntimeTensor } from "../../../support/onnxruntime.ts";

const INFO = { name: "test", producer: "millwright", producerVersion: "0", metadata: {} };
const VALUES = Float64Array.from({ length: 24 }, (_, i) => Math.sin(i * 1.7) * 3);

/** Every operator at least once: built on x float64 [2, 3, 4], y [3, 4], k int64 [2]. */
const CASES: readonly { op: OpName; build: (g: GraphBuilder, x: Value, y: Value, k: Value) => Value; expected?: number[] }[] = [
  ...(["Abs", "Ceil", "Exp", "Floor", "Identity", "Neg", "Reciprocal", "Relu", "Round", "Sigmoid", "Sign", "Softmax", "Tanh"] as const).map((op) => ({
    op,
    build: (g: GraphBuilder, x: Value) => g.op(op, [x]),
  })),
  { op: "Erf", build: (g, x) => g.op("Erf", [g.cast(x, "float32")]) }, // no float64 kernel
  { op: "Log", build: (g, x) => g.log(g.abs(x)) },
  { op: "Sqrt", build: (g, x) => g.sqrt(g.abs(x)) },
  { op: "CumSum", build: (g, x) => g.cumSum(x, 1) },
  { op: "Add", build: (g, x, y) => g.add(y, x) },
  { op: "Sub", build: (g, x, y) => g.sub(x, y) },
  { op: "Mul", build: (g, x) => g.mul(2, x) },
  { op: "Div", build: (g, x, y) => g.div(x, y) },
  { op: "Pow", build: (g, x) => g.op("Pow", [x, 2]) },
  { op: "Min", build: (g, x, y) => g.min(x, y, 0.5) },
  { op: "Max", build: (g, x) => g.clip(x, -1, 1) },
  { op: "Less", build: (g, x, y) => g.less(x, y) },
  { op: "LessOrEqual", build: (g, x, y) => g.lessOrEqual(y, x) },
  { op: "Greater", build: (g, x) => g.greater(x, 0) },
  { op: "GreaterOrEqual", build: (g, x) => g.op("GreaterOrEqual", [x, 0]) },
  { op: "Equal", build: (g, x) => g.equal(x, x) },
  { op: "And", build: (g, x) => g.op("And", [g.less(x, 1), g.greater(x, -1)]) },
  { op: "Or", build: (g, x) => g.op("Or", [g.less(x, -1), g.greater(x, 1)]) },
  { op: "Not", build: (g, x) => g.op("Not", [g.less(x, 0)]) },
  { op: "Where", build: (g, x, y) => g.where(g.less(y, 0), x, 7) },
  { op: "ReduceSum", build: (g, x) => g.reduceSum(x, [1], true) },
  { op: "ReduceSum", build: (g, x) => g.op("ReduceSum", [x]) },
  { op: "ReduceMean", build: (g, x) => g.reduceMean(x, [0, -1]) },
  { op: "ReduceMax", build: (g, x) => g.reduceMax(x, [2]) },
  { op: "ReduceMin", build: (g, x) => g.reduceMin(x, [0]) },
  { op: "ReduceProd", build: (g, x) => g.op("ReduceProd", [x, g.ints([1])]) },
  { op: "ReduceSumSquare", build: (g, x) => g.op("ReduceSumSquare", [x, g.ints([1])]) },
  { op: "ArgMin", build: (g, x) => g.argMin(x, 2) },
  { op: "ArgMax", build: (g, x) => g.op("ArgMax", [x], {}) },
  { op: "MatMul", build: (g, x, y) => g.matmul(x, g.transpose(y)) },
  { op: "MatMul", build: (g, x, y) => g.matmul(g.slice(g.reshape(x, [24]), 0, 0, 3), y) },
  { op: "MatMul", build: (g, x) => g.matmul(x, g.floats([1, 2, 3, 4])) },
  { op: "Gather", build: (g, x, _, k) => g.gather(x, k, 1) },
  { op: "GatherElements", build: (g, _, y) => g.gatherElements(y, g.ints([0, 2, 1, 1, 0, 0, 2, 2], [2, 4])) },
  { op: "Slice", build: (g, x) => g.slice(x, 1, -2, 99) },
  { op: "Slice", build: (g, x) => g.slice(x, 2, -1, -99, -2) },
  { op: "Reshape", build: (g, x) => g.reshape(x, [0, -1]) },
  { op: "Concat", build: (g, x) => g.concat([x, g.slice(x, 1, 0, 1)], 1) },
  { op: "Transpose", build: (g, x) => g.transpose(x, [2, 0, 1]) },
  { op: "Pad", build: (g, x) => g.pad(x, 1, 2, 1, -5) },
  { op: "Unsqueeze", build: (g, _, y) => g.unsqueeze(y, 0, -1) },
  { op: "Squeeze", build: (g, x) => g.squeeze(g.slice(x, 0, 1, 2), 0) },
  { op: "Expand", build: (g, _, y) => g.expand(y, [5, 1, 4]) },
  { op: "Cast", build: (g, x) => g.cast(x, "int64") },
];

async function run(build: (g: GraphBuilder, x: Value, y: Value, k: Value) => Value): Promise<{ built: Value; ran: RuntimeTensor } | undefined> {
  const g = new GraphBuilder();
  const built = build(g, g.input("x", "float64", [2, 3, 4]), g.input("y", "float64", [3, 4]), g.input("k", "int64", [2]));
  g.output("result", built);
  const session = await openModel(encodeModel(g.build(INFO)));
  const ran = await session?.run({
    x: { type: "float64", shape: [2, 3, 4], data: VALUES },
    y: { type: "float64", shape: [3, 4], data: VALUES.map((v) => 1 - v).subarray(0, 12) },
    k: { type: "int64", shape: [2], data: BigInt64Array.of(2n, 0n) },
  });
  await session?.release();
  return ran?.["result"] && { built, ran: ran["result"] };
}

describe("graph builder", () => {
  it("has a case here for every operator", () => {
    assert.deepEqual([...new Set(CASES.map((c) => c.op))].sort(), Object.keys(RULES).sort());
  });

  for (const { op, build } of CASES)
    it(`${op}: onnxruntime gives the type and shape that were inferred`, async function () {
      const { built, ran } = (await run(build)) ?? this.skip();
      assert.deepEqual({ type: ran.type, shape: ran.dims }, { type: built.type, shape: built.shape });
    });

  const refusals: readonly [string, (g: GraphBuilder, x: Value, y: Value, k: Value) => Value, RegExp][] = [
    ["sizes that do not broadcast", (g, x) => g.add(x, g.floats([1, 2])), /at Add: got float64\[2, 3, 4\], float64\[2\], expected shapes that broadcast/],
    ["mixed types", (g, x, _, k) => g.mul(g.slice(x, 2, 0, 2), k), /at Mul: got .*int64\[2\], expected inputs of one type/],
    ["unequal inner sizes", (g, x, y) => g.matmul(x, y), /at MatMul: got float64\[2, 3, 4\], float64\[3, 4\], expected equal inner sizes/],
    ["too many elements", (g, x) => g.reshape(x, [5, -1]), /at Reshape: .* expected as many elements as in \[5, -1\]/],
    ["an axis that is not there", (g, x) => g.reduceSum(x, [3]), /at ReduceSum: .* an axis in -3\.\.2, not 3/],
    ["uneven parts", (g, x, y) => g.concat([x, y], 0), /at Concat: .* equal sizes except on axis 0/],
    ["a condition that is not bool", (g, x) => g.where(x, 1, 2), /at Where: .* a bool condition/],
    ["a squeezed size over 1", (g, x) => g.squeeze(x, 1), /at Squeeze: .* size 1 on each squeezed axis/],
    ["a wrong order of axes", (g, x) => g.transpose(x, [0, 1, 1]), /at Transpose: .* an order of 3 axes, not \[0, 1, 1\]/],
    [
      "weights that do not fill their shape",
      (g) => g.weight("w", "float64", [3], new Float64Array(2)),
      /at w: got Float64Array of 2, expected the elements of float64\[3\]/,
    ],
    ["a name in use", (g) => g.weight("x", "float64", [1], new Float64Array(1)), /at x: got a name in use/],
  ];
  for (const [what, build, message] of refusals)
    it(`refuses ${what}, naming the operator and the shapes`, () => {
      const g = new GraphBuilder();
      const x = g.input("x", "float64", [2, 3, 4]),
        y = g.input("y", "float64", [3, 4]),
        k = g.input("k", "int64", [2]);
      assert.throws(
        () => build(g, x, y, k),
        (error) => error instanceof MillwrightError && error.code === "MW_GRAPH" && message.test(error.message),
      );
    });

  it("infers what onnxruntime gives on random shapes, slices and pads", async function () {
    this.timeout(60_000);
    const int = (min: number, max: number) => fc.integer({ min, max });
    const dims = fc.array(int(1, 4), { minLength: 1, maxLength: 4 });
    type Build = (g: GraphBuilder, x: Value) => Value;
    const builds: fc.Arbitrary<Build> = fc.oneof(
      fc.tuple(int(-6, 6), int(-6, 6), fc.constantFrom(-3, -2, -1, 1, 2, 3)).map(
        ([start, end, step]): Build =>
          (g, x) =>
            g.slice(x, -1, start, end, step),
      ),
      fc.tuple(int(0, 3), int(0, 3)).map(
        ([before, after]): Build =>
          (g, x) =>
            g.pad(x, x.shape.length - 1, before, after),
      ),
      // against itself with some sizes 1 and some leading ones left out
      fc.tuple(fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }), int(0, 3)).map(([ones, cut]): Build => (g, x) => {
        const shape = x.shape.map((d, i) => (ones[i] ? 1 : Number(d))).slice(Math.min(cut, x.shape.length - 1));
        return g.add(g.floats(new Float64Array(elements(shape)), shape), x);
      }),
      int(0, 4).map(
        (at): Build =>
          (g, x) =>
            g.reshape(x, [...x.shape.slice(0, at).map(() => 0), -1, 1]),
      ),
    );
    await fc.assert(
      fc.asyncProperty(dims, builds, async (shape, build) => {
        const g = new GraphBuilder();
        const y = build(g, g.input("x", "float64", shape));
        g.output("y", y);
        const session = (await openModel(encodeModel(g.build(INFO)))) ?? this.skip();
        const ran = (await session.run({ x: { type: "float64", shape, data: new Float64Array(elements(shape)) } }))["y"];
        await session.release();
        assert.deepEqual(ran?.dims, y.shape);
      }),
      { numRuns: 300 },
    );
  });

  it("carries a size known only at run time through the operators", async function () {
    const g = new GraphBuilder();
    const x = g.input("x", "float64", ["N", 3]);
    const y = g.add(g.matmul(x, g.floats([1, 2, 3, 4, 5, 6], [3, 2])), 1);
    assert.deepEqual(y.shape, ["N", 2]);
    assert.deepEqual(g.reshape(y, [-1, 1, 2]).shape, ["N", 1, 2]);
    assert.throws(() => g.concat([y, y], 0), /expected a known size/);
    g.output("y", y);
    const session = (await openModel(encodeModel(g.build(INFO)))) ?? this.skip();
    for (const n of [1, 4]) assert.deepEqual((await session.run({ x: { type: "float64", shape: [n, 3], data: new Float64Array(3 * n) } }))["y"]?.dims, [n, 2]);
  });

  it("stores equal small constants once, and names what a scope builds", () => {
    const g = new GraphBuilder();
    const x = g.input("x", "float64", [2]);
    const y = g.scope("layer", () => g.add(g.mul(x, 2), g.floats([2], [])));
    assert.equal(y.name, "layer/Add");
    g.output("y", y);
    const model = decodeModel(encodeModel(g.build(INFO)));
    assert.deepEqual([...model.graph.initializers.keys()], ["layer/constant"]);
    assert.deepEqual(
      model.graph.nodes.map((n) => n.name),
      ["layer/Mul", "layer/Add", "y"],
    );
  });
});
