import assert from "node:assert/strict";
import { payloadForm } from "../../../lib/message/payload.ts";
import { parseTime } from "../../../lib/message/time.ts";
import { READ_MISSING, READ_NAN, READ_OK, READ_UNIT, readText } from "../../../lib/message/value.ts";
import { signalsFromHeader, splitUnit } from "../../../lib/signals/set.ts";

describe("readText", () => {
  const table: readonly (readonly [text: string, unit: string, value: number, reason: number, note: string])[] = [
    ["71.2", "", 71.2, READ_OK, "text-number"],
    [" -3 ", "bar", -3, READ_OK, "text-number"],
    ["1e3", "", 1000, READ_OK, "text-number"],
    [".5", "", 0.5, READ_OK, "text-number"],
    ["71,2", "", 71.2, READ_OK, "text-number"],
    ["1.234,5", "", 1234.5, READ_OK, "text-number"],
    ["1,234.5", "", 1234.5, READ_OK, "text-number"],
    ["1,234", "", NaN, READ_NAN, "not-a-number"],
    ["71.2 degC", "degC", 71.2, READ_OK, "text-number"],
    ["71.2°C", "deg C", 71.2, READ_OK, "text-number"],
    ["71,2 ℃", "°C", 71.2, READ_OK, "text-number"],
    ["45 %", "", 45, READ_OK, "text-unit"],
    ["160 degF", "degC", NaN, READ_UNIT, "unit-other"],
    ["5 mW", "MW", NaN, READ_UNIT, "unit-other"],
    ["5 Bar", "bar", 5, READ_OK, "text-number"],
    ["12 m³/h", "m3/h", 12, READ_OK, "text-number"],
    ["ON", "", 1, READ_OK, "text-number"],
    ["false", "", 0, READ_OK, "text-number"],
    ["", "", NaN, READ_MISSING, ""],
    ["n/a", "", NaN, READ_MISSING, ""],
    ["NaN", "", NaN, READ_NAN, "not-a-number"],
    ["Bad", "", NaN, READ_NAN, "not-a-number"],
    ["402 kPa", "bar", NaN, READ_UNIT, "unit-other"],
    ["0x1F", "", NaN, READ_NAN, "not-a-number"],
    ["Infinity", "", NaN, READ_NAN, "not-a-number"],
    ["1e999", "", NaN, READ_NAN, "not-a-number"],
    ["pump 1", "", NaN, READ_NAN, "not-a-number"],
    ["constructor", "", NaN, READ_NAN, "not-a-number"],
    ["12:30", "", NaN, READ_NAN, "not-a-number"],
    ["2020-03-09", "", NaN, READ_NAN, "not-a-number"],
  ];
  for (const [text, unit, value, reason, note] of table) {
    it(`${JSON.stringify(text)}${unit === "" ? "" : ` for a signal in ${unit}`} is ${value}`, () => {
      const reading = readText(text, unit);
      assert.deepEqual({ ...reading }, { value, reason, note });
    });
  }

  it("takes a comma for decimal where the file says so", () => {
    assert.equal(readText("1,234", "", true).value, 1.234);
  });
});

describe("parseTime", () => {
  const table: readonly (readonly [value: unknown, ms: number])[] = [
    [1_700_000_000_000, 1_700_000_000_000],
    ["1700000000000", 1_700_000_000_000],
    [0, 0],
    [12n, 12],
    [1000, 1000],
    [1_764_000_000, NaN],
    ["1764000000.5", NaN],
    [1_764_000_000n, NaN],
    [new Date(1_764_000_000), 1_764_000_000],
    [new Date(5), 5],
    ["2020-03-09T10:14:33Z", Date.UTC(2020, 2, 9, 10, 14, 33)],
    ["2020-03-09 10:14:33.5+01:00", Date.UTC(2020, 2, 9, 9, 14, 33, 500)],
    ["2020-03-09T10:14:33,25+0100", Date.UTC(2020, 2, 9, 9, 14, 33, 250)],
    ["2020-03-09 10:14:33", new Date(2020, 2, 9, 10, 14, 33).getTime()],
    ["2020-03-09", new Date(2020, 2, 9).getTime()],
    ["09.03.2020 10:14", new Date(2020, 2, 9, 10, 14).getTime()],
    ["9.3.2020", new Date(2020, 2, 9).getTime()],
    ["31.02.2020", NaN],
    ["03/09/2020", NaN],
    ["pump 1", NaN],
    ["2020-13-45", NaN],
    ["", NaN],
    [NaN, NaN],
    [1e300, NaN],
    [new Date(NaN), NaN],
    [{}, NaN],
    [true, NaN],
    [null, NaN],
  ];
  for (const [value, ms] of table) it(`${typeof value} ${String(value)} is ${ms}`, () => assert.equal(parseTime(value), ms));
});

describe("texts that nobody would send", () => {
  const LONG = 80_000;
  const quick = (what: string, act: () => void): void => {
    it(`${what}: no time to speak of`, () => {
      const begun = performance.now();
      act();
      const took = performance.now() - begun;
      assert.ok(took < 1000, `${took} ms`); // seconds, where the work grows with the square of the length
    });
  };
  quick("a number and empty lines", () => assert.equal(payloadForm(`1${"\n".repeat(LONG)}`, 1), "sample"));
  quick("digits without end", () => assert.equal(readText(`${"1".repeat(LONG)}x`, "").reason, READ_NAN));
  quick("brackets", () => splitUnit("a[".repeat(LONG)));
  quick("a header of very many columns", () => signalsFromHeader(Array.from({ length: LONG }, (_, i) => `c${i}`).join(";")));
});
