import assert from "node:assert/strict";
import fc from "fast-check";
import { MillwrightError } from "../../../lib/errors.ts";
import { getPath, parsePath, setPath } from "../../../lib/message/property.ts";

const refused = (text: RegExp) => (error: unknown) => error instanceof MillwrightError && error.code === "MW_OPTION_INVALID" && text.test(error.message);

describe("properties of a message", () => {
  const good: readonly (readonly [text: string, path: readonly string[]])[] = [
    ["payload", ["payload"]],
    ["payload.a.b", ["payload", "a", "b"]],
    ["values[0]", ["values", "0"]],
    ['a["b c"].d', ["a", "b c", "d"]],
    ["a['x']", ["a", "x"]],
    ["$x._y", ["$x", "_y"]],
  ];
  for (const [text, path] of good) it(text, () => assert.deepEqual(parsePath(text, "output"), path));
  for (const text of ["", "a b", "a.", ".a", "a..b", "a[", "a[x]", "1a", "__proto__.x", "a.constructor", "a['prototype']"]) {
    it(`refuses ${JSON.stringify(text)}`, () => assert.throws(() => parsePath(text, "output"), refused(/^output must be a property of msg/)));
  }

  it("puts and gets, making what is missing", () => {
    const msg: Record<string, unknown> = { payload: { kept: 1 } };
    setPath(msg, parsePath("payload.result", "output"), 5);
    setPath(msg, parsePath("a.b.c", "output"), 6);
    setPath(msg, parsePath("anomaly", "output"), 7);
    assert.deepEqual(msg, { payload: { kept: 1, result: 5 }, a: { b: { c: 6 } }, anomaly: 7 });
    assert.equal(getPath(msg, parsePath("a.b.c", "property")), 6);
    assert.equal(getPath(msg, parsePath("x.y", "property")), undefined);
    setPath(msg, parsePath("payload", "output"), 8);
    assert.equal(msg["payload"], 8);
  });

  it("leaves the message alone when the way is blocked", () => {
    const msg = { a: { b: 5 } };
    assert.throws(() => setPath(msg, parsePath("a.b.c", "output"), 1), refused(/msg\.a\.b is no object.*got 5/));
    assert.deepEqual(msg, { a: { b: 5 } });
  });

  it("reads back what it put, in whatever message", () => {
    const step = fc.stringMatching(/^[a-z]$/);
    fc.assert(
      fc.property(fc.dictionary(step, fc.anything()), fc.array(step, { minLength: 1, maxLength: 4 }), (msg, steps) => {
        const path = parsePath(steps.join("."), "output");
        try {
          setPath(msg, path, 42);
        } catch (error) {
          assert.ok(error instanceof MillwrightError || error instanceof TypeError); // TypeError: a frozen object or a typed array on the way
          return;
        }
        assert.equal(getPath(msg, path), 42);
      }),
    );
  });
});
