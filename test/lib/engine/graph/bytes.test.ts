import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { MillwrightError } from "../../../../lib/errors.ts";
import { decodeModel } from "../../../../lib/engine/graph/decode.ts";
import { encodeModel } from "../../../../lib/engine/graph/encode.ts";
import { fields, ProtoWriter } from "../../../../lib/engine/graph/protobuf.ts";
import { DATA_TYPES, type DataType, type Model, type Tensor } from "../../../../lib/engine/graph/types.ts";
import { openModel } from "../../../support/onnxruntime.ts";

const fixture = (name: string): Uint8Array => readFileSync(new URL(`../../../fixtures/onnx/${name}`, import.meta.url));
const refused = (error: unknown): boolean => error instanceof MillwrightError && error.code === "MW_MODEL_FORMAT";

/** Decoding either works or is refused with the one code. */
function survives(bytes: Uint8Array): void {
  try {
    decodeModel(bytes);
  } catch (error) {
    assert.ok(refused(error), String(error));
  }
}

describe("ONNX bytes", () => {
  describe("a file of the reference library", () => {
    const model = decodeModel(fixture("everything.onnx"));
    const weight = (name: string): Tensor => model.graph.initializers.get(name) ?? assert.fail(name);

    it("gives the head, the opsets and the metadata", () => {
      assert.equal(model.producer, "reference");
      assert.equal(model.irVersion, 9);
      assert.deepEqual(model.opsets, { "": 20, local: 1 });
      assert.deepEqual(model.metadata, { origin: "onnx", 泵: "二号" });
    });

    it("gives weights from raw bytes and from every typed field", () => {
      assert.deepEqual(weight("f32"), { type: "float32", shape: [2, 2], data: Float32Array.of(1.5, -2, 3.25, 0) });
      assert.deepEqual(weight("f64").data, Float64Array.of(1e-300, -1, 2));
      assert.deepEqual(weight("i64").data, BigInt64Array.of(-1n, 2n ** 62n, -(2n ** 63n)));
      assert.deepEqual(weight("i32").data, Int32Array.of(-5, 7));
      assert.deepEqual(weight("i8").data, Int8Array.of(-128, 127));
      assert.deepEqual(weight("u16").data, Uint16Array.of(0, 65535));
      assert.deepEqual(weight("u64").data, BigUint64Array.of(0n, 2n ** 64n - 1n));
      assert.deepEqual(weight("flags").data, Uint8Array.of(1, 0, 1));
      assert.deepEqual(weight("half").data, Uint16Array.of(0x3c00, 0xc000));
      assert.deepEqual(weight("words").data, ["pump", "泵"]);
      assert.deepEqual(weight("scalar"), { type: "float32", shape: [], data: Float32Array.of(4) });
      assert.deepEqual(weight("empty"), { type: "float32", shape: [0, 3], data: new Float32Array() });
      assert.deepEqual(weight("raw").data, Float64Array.of(0, 1, 2, 3, 4, 5));
    });

    it("gives nodes with attributes, subgraphs and left-out inputs", () => {
      const [choose, twice, leaky, , clip, top] = model.graph.nodes;
      const branch = choose?.attributes["then_branch"];
      assert.ok(branch?.kind === "graph");
      assert.equal(branch.value.nodes[0]?.op, "Constant");
      const value = branch.value.nodes[0].attributes["value"];
      assert.ok(value?.kind === "tensor");
      assert.deepEqual(value.value.data, Float32Array.of(1));
      assert.equal(twice?.domain, "local");
      assert.deepEqual(leaky?.attributes["alpha"], { kind: "float", value: 0.25 });
      assert.deepEqual(clip?.inputs, ["part", "", "high"]);
      assert.deepEqual(top?.attributes["keepdims"], { kind: "int", value: 0n });
    });

    it("gives inputs with named sizes", () => {
      assert.deepEqual(
        model.graph.inputs.map(({ name, type, shape }) => ({ name, type, shape })),
        [
          { name: "condition", type: "bool", shape: [] },
          { name: "x", type: "float32", shape: ["N", 4] },
        ],
      );
      assert.equal(model.graph.valueInfos[0]?.shape, undefined);
    });

    it("survives a round trip, functions and notes included: same model, same results", async function () {
      const again = encodeModel(model);
      assert.deepEqual(decodeModel(again), model);
      for (const bytes of [fixture("everything.onnx"), again]) {
        const session = (await openModel(bytes)) ?? this.skip();
        const { y } = await session.run({
          condition: { type: "bool", shape: [], data: Uint8Array.of(0) },
          x: { type: "float32", shape: [4, 4], data: Float32Array.from({ length: 16 }, (_, i) => i / 4) },
        });
        assert.deepEqual(y?.data, Float32Array.of(2 * -1 * 0.25 * 2.5)); // LeakyRelu(2 * no) * Clip
      }
    });
  });

  it("refuses weights in another file by name", () => {
    assert.throws(() => decodeModel(fixture("external.onnx")), /the weights w are in another file \(expected one file that holds all weights\)/);
  });

  describe("damaged files", () => {
    const good = fixture("everything.onnx");

    it("are refused or read at every truncation", () => {
      for (let n = 0; n < good.length; n++) survives(good.subarray(0, n));
      assert.throws(() => decodeModel(new Uint8Array()), refused);
      assert.throws(() => decodeModel(good.subarray(0, good.length - 1)), refused);
    });

    it("never crash on changed or random bytes", () => {
      const at = fc.nat(good.length - 1);
      fc.assert(
        fc.property(fc.array(fc.tuple(at, fc.nat(255)), { minLength: 1, maxLength: 8 }), (changes) => {
          const bytes = Uint8Array.from(good);
          for (const [i, value] of changes) bytes[i] = value;
          survives(bytes);
        }),
        { numRuns: 2000 },
      );
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => survives(bytes)),
        { numRuns: 1000 },
      );
    });

    it("cannot ask for memory or stack that they do not bring", () => {
      const tensor = new ProtoWriter()
        .varint(1, 2n ** 40n)
        .varint(2, 1)
        .string(8, "w");
      const graph = (w: ProtoWriter): Uint8Array => new ProtoWriter().message(7, w).message(8, new ProtoWriter().varint(2, 20)).finish();
      assert.throws(() => decodeModel(graph(new ProtoWriter().message(5, tensor))), /the tensor w has 0 elements/);
      let nested = new ProtoWriter();
      for (let i = 0; i < 100; i++)
        nested = new ProtoWriter().message(1, new ProtoWriter().message(5, new ProtoWriter().string(1, "body").message(6, nested).varint(20, 5)));
      assert.throws(() => decodeModel(graph(nested)), /graphs are nested over 32 deep/);
    });
  });

  it("keeps any tensor, name and integer over a round trip", () => {
    const types = Object.keys(DATA_TYPES).filter((t) => !["string", "uint4", "int4", "float4e2m1"].includes(t)) as Exclude<DataType, "string">[];
    const tensor = fc
      .tuple(fc.constantFrom(...types), fc.array(fc.nat(3), { maxLength: 3 }), fc.infiniteStream(fc.nat(255)))
      .map(([type, shape, stream]): Tensor => {
        const { array, bytes } = DATA_TYPES[type];
        const raw = Uint8Array.from({ length: shape.reduce((n, d) => n * d, 1) * bytes }, () => Number(stream.next().value));
        return { type, shape, data: new array(raw.buffer) };
      });
    const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
    fc.assert(
      fc.property(
        fc.dictionary(fc.string({ unit: "grapheme" }), tensor),
        fc.array(int64),
        fc.dictionary(fc.string(), fc.string()),
        (weights, numbers, metadata) => {
          const node = {
            op: "Op",
            domain: "d",
            name: "n",
            inputs: ["", "a"],
            outputs: ["b"],
            attributes: { i: { kind: "ints", value: numbers } },
            unread: [],
          } as const;
          const graph = { name: "g", nodes: [node], inputs: [], outputs: [], initializers: new Map(Object.entries(weights)), valueInfos: [], unread: [] };
          const model: Model = { irVersion: 9, producer: "p", producerVersion: "1", opsets: { "": 20 }, graph, metadata: { ...metadata }, unread: [] };
          const bytes = encodeModel(model);
          assert.deepEqual(encodeModel(decodeModel(bytes)), bytes);
          assert.deepEqual(decodeModel(bytes).graph.nodes[0]?.attributes, node.attributes);
        },
      ),
    );
  });

  it("reads unknown fields and packed numbers", () => {
    const bytes = new ProtoWriter()
      .varint(1, -1)
      .bytes(2, Uint8Array.of(1, 0x80, 1))
      .float(3, 0.5)
      .finish();
    const [a, b, c] = [...fields(bytes)];
    assert.equal(a?.int, -1n);
    assert.deepEqual(b?.ints, [1n, 128n]);
    assert.equal(c?.float, 0.5);
    assert.throws(() => a.bytes, refused);
    assert.throws(() => c.int, refused);
  });
});
