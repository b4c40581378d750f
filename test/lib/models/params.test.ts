import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { MillwrightError } from "../../../lib/errors.ts";
import { pack, unpack } from "../../../lib/models/params.ts";
import { PRODUCER, VERSION } from "../../../lib/models/version.ts";

const through = (value: unknown): unknown => {
  const { json, tensors } = pack(value);
  return unpack(json, (name) => tensors.get(name));
};

describe("parameters in a model file", () => {
  it("come back as they were, whatever they are", () => {
    const array = fc.oneof(fc.float64Array(), fc.float32Array(), fc.int32Array(), fc.int16Array(), fc.int8Array(), fc.uint8Array(), fc.uint16Array(), fc.uint32Array(), fc.bigInt64Array()); // prettier-ignore
    const { value } = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 4, withCrossShrink: true },
        fc.double(),
        fc.string(),
        fc.boolean(),
        fc.constant(null),
        fc.constantFrom(NaN, Infinity, -Infinity, -0),
        array,
        fc.array(tie("value")),
        fc.dictionary(fc.oneof(fc.string(), fc.constantFrom("$tensor", "$number", "$$x", "__proto__", "constructor")), tie("value"), { noNullPrototype: true }),
      ),
    }));
    fc.assert(fc.property(value, (v) => assert.deepEqual(through(v), v)));
  });

  it("name an array by its place, once, however often it is used", () => {
    const mean = Float64Array.of(1, 2);
    const { tensors } = pack({ members: [{ mean, again: mean }], other: Int32Array.of(3) });
    assert.deepEqual([...tensors], [["members.0.mean", mean], ["other", Int32Array.of(3)]]); // prettier-ignore
    assert.deepEqual(through({ a: undefined, b: 1 }), { b: 1 });
  });

  it("are refused with their path when they are neither JSON nor arrays of numbers", () => {
    for (const bad of [new Map(), new Date(), () => 1, 5n, Symbol("x"), new DataView(new ArrayBuffer(8))])
      assert.throws(
        () => pack({ a: [0, { b: bad }] }),
        (error) => error instanceof MillwrightError && error.code === "MW_INTERNAL" && error.message.includes("a.1.b cannot be stored"),
      );
  });

  it("are refused when the file lacks a tensor or is not JSON", () => {
    const { json } = pack({ a: Float64Array.of(1) });
    const format = (error: unknown): boolean => error instanceof MillwrightError && error.code === "MW_MODEL_FORMAT";
    assert.throws(() => unpack(json, () => undefined), format);
    for (let n = 0; n < json.length; n++) assert.throws(() => unpack(json.slice(0, n), () => undefined), format);
  });

  it("carry the package's version", () => {
    const { name, version } = JSON.parse(readFileSync(new URL("../../../package.json", import.meta.url), "utf8")) as Record<string, string>;
    assert.deepEqual([name, version], [PRODUCER, VERSION]);
  });
});
