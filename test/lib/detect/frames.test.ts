import assert from "node:assert/strict";
import fc from "fast-check";
import { pack, unpack } from "../../../lib/detect/frames.ts";

describe("detect/frames", () => {
  it("gives back what was packed, large arrays as views of the bytes", () => {
    const big = Float64Array.from({ length: 1000 }, (_, i) => i / 3);
    const value = { a: 1, b: [new Uint8Array(700).fill(7), { c: big }], small: new Float64Array([1, NaN, Infinity]), s: "text", n: null, d: new Map([[1, 2]]) };
    const bytes = pack(value);
    const back = unpack(bytes) as typeof value;
    assert.deepEqual(back, value);
    assert.equal((back.b[1] as { c: Float64Array }).c.buffer, bytes.buffer);
  });

  it("copies: the value may change after it was packed", () => {
    const big = new Float64Array(500).fill(1);
    const bytes = pack({ big });
    big.fill(2);
    assert.equal((unpack(bytes) as { big: Float64Array }).big[0], 1);
  });

  it("refuses bytes that are not whole", () => {
    const bytes = pack({ big: new Float64Array(500) });
    for (const length of [0, 4, 8, 20, bytes.length - 8]) assert.throws(() => unpack(bytes.slice(0, length)), "cut to " + String(length));
    assert.throws(() => unpack(new Uint8Array(100)), RangeError);
  });

  it("works at any alignment of the bytes read", () => {
    const bytes = pack({ big: new Float64Array(100).fill(3) });
    const shifted = new Uint8Array(bytes.length + 3);
    shifted.set(bytes, 3);
    assert.equal((unpack(shifted.subarray(3)) as { big: Float64Array }).big[99], 3);
  });

  it("any nesting of plain values and arrays survives", () => {
    const leaf = fc.oneof(
      fc.double(),
      fc.string(),
      fc.constant(null),
      fc.boolean(),
      fc.float64Array({ minLength: 0, maxLength: 200 }),
      fc.uint8Array({ maxLength: 900 }),
    );
    const tree = fc.letrec((tie) => ({
      node: fc.oneof(
        { maxDepth: 4 },
        leaf,
        fc.array(tie("node"), { maxLength: 4 }),
        fc.dictionary(
          fc.string({ maxLength: 5 }).filter((k) => k !== "__proto__" && k !== "$frame"),
          tie("node"),
          { maxKeys: 4, noNullPrototype: true },
        ),
      ),
    })).node;
    fc.assert(
      fc.property(tree, (value) => {
        assert.deepEqual(unpack(pack(value)), value);
      }),
      { numRuns: 200 },
    );
  });
});
