import assert from "node:assert/strict";
import fc from "fast-check";
import { fail, MillwrightError } from "../../lib/errors.ts";
import { editorDefaults, type Field, type Fields, parseField, parseOptions } from "../../lib/nodered/options.ts";

const fields = {
  name: { type: "string", default: "" },
  window: { type: "integer", default: 64, min: 2, max: 4096 },
  share: { type: "number", default: 0.5, min: 0 },
  auto: { type: "boolean", default: true },
  mode: { type: "enum", default: "watch", values: ["watch", "command"] },
  signals: {
    type: "json",
    default: [],
    parse: (value: unknown, field: string): string[] =>
      Array.isArray(value) && value.every((v) => typeof v === "string")
        ? value
        : fail("MW_OPTION_INVALID", { field, expected: "a list of names", got: "something else" }),
  },
  set: { type: "node", node: "millwright-signals", default: "" },
  property: { type: "msg-property", default: "payload" },
  code: {
    type: "string",
    default: "",
    check: (value: string, field: string): void => {
      if (!/^\w*$/.test(value)) fail("MW_OPTION_INVALID", { field, expected: "letters", got: "others" });
    },
  },
} as const satisfies Fields;

/** Field, value, and either the parsed value or the error message. */
const TABLE: readonly (readonly [keyof typeof fields, unknown, unknown])[] = [
  ["window", 64, 64],
  ["window", " 128 ", 128],
  ["window", "", 64],
  ["window", null, 64],
  ["window", 1, /^window must be an integer in 2\.\.4096, got 1$/],
  ["window", 4097, /got 4097/],
  ["window", 2.5, /got 2\.5/],
  ["window", "12 px", /got "12 px"/],
  ["window", " ", /got " "/],
  ["window", NaN, /got NaN/],
  ["window", Infinity, /got Infinity/],
  ["window", true, /got true/],
  ["window", [64], /got an array of 1/],
  ["window", { a: 1 }, /got an object with a/],
  ["share", "0.25", 0.25],
  ["share", -1, /^share must be a number >= 0, got -1$/],
  ["auto", "false", false],
  ["auto", false, false],
  ["auto", "yes", /^auto must be true or false, got "yes"$/],
  ["mode", "command", "command"],
  ["mode", "off", /^mode must be one of watch, command, got "off"$/],
  ["mode", 3, /got 3/],
  ["signals", '["a","b"]', ["a", "b"]],
  ["signals", ["a"], ["a"]],
  ["signals", "", []],
  ["signals", "[", /^signals must be valid JSON, got "\["$/],
  ["signals", "{}", /a list of names/],
  ["set", "abc.1", "abc.1"],
  ["set", 7, /^set must be a millwright-signals config node, got 7$/],
  ["property", "payload.values[0]", "payload.values[0]"],
  ["property", 'a["b c"].d', 'a["b c"].d'],
  ["property", "payload..x", /^property must be a property of msg/],
  ["property", "1x", /got "1x"/],
  ["code", "abc", "abc"],
  ["code", "", ""],
  ["code", "a/b", /^code must be letters, got others$/],
  ["code", 5, /^code must be text, got 5$/],
  ["name", 5, /^name must be text, got 5$/],
];

describe("options", () => {
  for (const [name, value, wanted] of TABLE) {
    it(`${name}: ${JSON.stringify(value)}`, () => {
      const parse = (): unknown => parseOptions(fields, { [name]: value })[name];
      if (wanted instanceof RegExp)
        assert.throws(parse, (error) => error instanceof MillwrightError && error.code === "MW_OPTION_INVALID" && wanted.test(error.message));
      else assert.deepEqual(parse(), wanted);
    });
  }

  it("gives every default for an empty configuration", () => {
    assert.deepEqual(parseOptions(fields, {}), {
      name: "",
      window: 64,
      share: 0.5,
      auto: true,
      mode: "watch",
      signals: [],
      set: "",
      property: "payload",
      code: "",
    });
  });

  it("says what is required", () => {
    const required = { set: { type: "node", node: "millwright-signals", default: "", required: true } } as const satisfies Fields;
    assert.throws(() => parseOptions(required, {}), { code: "MW_OPTION_REQUIRED", message: "set is required: a millwright-signals config node" });
  });

  const anyField: fc.Arbitrary<Field> = fc.constantFrom<Field>(...Object.values(fields));

  it("never throws anything but a coded error, and never accepts what it would not accept again", () => {
    fc.assert(
      fc.property(anyField, fc.anything({ withBigInt: true, withTypedArray: true, withDate: true, withNullPrototype: true }), (field, value) => {
        let parsed: unknown;
        try {
          parsed = parseField("f", field, value);
        } catch (error) {
          assert.ok(error instanceof MillwrightError && error.code === "MW_OPTION_INVALID", String(error));
          assert.ok(error.message.length < 200);
          return;
        }
        assert.deepEqual(parseField("f", field, parsed), parsed);
      }),
    );
  });

  it("accepts every integer in range, as a number or as text, and no other", () => {
    fc.assert(
      fc.property(fc.integer({ min: -5000, max: 9000 }), fc.boolean(), (n, asText) => {
        const parse = (): unknown => parseField("window", fields.window, asText ? String(n) : n);
        if (n >= 2 && n <= 4096) assert.equal(parse(), n);
        else assert.throws(parse, { code: "MW_OPTION_INVALID" });
      }),
    );
  });

  describe("in the editor", () => {
    const defaults = editorDefaults(fields, "en-US");

    it("have the same defaults, JSON as text, and config nodes typed", () => {
      assert.deepEqual([defaults.window.value, defaults.signals.value, defaults.mode.value], [64, "[]", "watch"]);
      assert.deepEqual([defaults.set.type, defaults.set.required], ["millwright-signals", false]);
      assert.ok(!("type" in defaults.window));
    });

    it("agree with the runtime on every value", () => {
      for (const [name, value, wanted] of TABLE) {
        const verdict: unknown = defaults[name].validate(value);
        if (wanted instanceof RegExp) assert.match(String(verdict), wanted);
        else assert.equal(verdict, true);
      }
    });

    it("give reasons the way Node-RED takes them: from a validator of two parameters", () => {
      for (const { validate } of Object.values(defaults)) assert.equal(validate.length, 2);
    });

    it("let environment variables pass", () => assert.equal(defaults.window.validate("${WINDOW}"), true));
    it("speak Chinese", () => assert.equal(editorDefaults(fields, "zh-CN").window.validate(1), "window 必须是 2..4096 之间的整数，实际为 1" as never));
  });
});
