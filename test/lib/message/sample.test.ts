import assert from "node:assert/strict";
import fc from "fast-check";
import { MillwrightError, type ErrorCode } from "../../../lib/errors.ts";
import { payloadForm } from "../../../lib/message/payload.ts";
import { SampleReader } from "../../../lib/message/sample.ts";
import { READ_MISSING, READ_NAN, READ_OK, READ_UNIT } from "../../../lib/message/value.ts";
import type { SignalSpec } from "../../../lib/signals/types.ts";

export const signal = (name: string, unit = "", more: Partial<SignalSpec> = {}): SignalSpec => ({ name, unit, low: null, high: null, kind: "auto", ...more });

const SET = [signal("temp", "degC"), signal("vib", "mm/s")];

function read(
  payload: unknown,
  timestamp?: unknown,
  set: readonly SignalSpec[] = SET,
): { row: number[]; reasons: number[]; timeMs: number; codes: string[]; bad: number } {
  const out = new Float64Array(set.length);
  const report = new SampleReader(set).read(payload, timestamp, out);
  return {
    row: [...out],
    reasons: [...report.reasons],
    timeMs: report.timeMs,
    codes: report.notes.map((n) => `${n.code} ${n.signal ?? ""}`.trim()),
    bad: report.bad,
  };
}

const coded = (code: ErrorCode, text: RegExp) => (error: unknown) => error instanceof MillwrightError && error.code === code && text.test(error.message);

describe("SampleReader", () => {
  const good: readonly (readonly [what: string, payload: unknown, row: readonly number[], reasons?: readonly number[], codes?: readonly string[]])[] = [
    ["an object", { temp: 71.2, vib: 0.4 }, [71.2, 0.4]],
    ["an object in another order", { vib: 0.4, temp: 71.2 }, [71.2, 0.4]],
    ["an array", [71.2, 0.4], [71.2, 0.4]],
    ["a typed array", Float32Array.of(1.5, 2.5), [1.5, 2.5]],
    ["a boolean of an analog signal", { temp: true, vib: 0 }, [1, 0], [READ_OK, READ_OK], ["boolean temp"]],
    ["words of a bad reading", { temp: "Bad", vib: "NaN" }, [NaN, NaN], [READ_NAN, READ_NAN], ["not-a-number temp", "not-a-number vib"]],
    ["text", { temp: "71.2 degC", vib: "0,4" }, [71.2, 0.4], [READ_OK, READ_OK], ["text-number temp", "text-number vib"]],
    ["text in another unit", { temp: "160 degF", vib: 1 }, [NaN, 1], [READ_UNIT, READ_OK], ["unit-other temp"]],
    ["null", { temp: null, vib: 1 }, [NaN, 1], [READ_MISSING, READ_OK]],
    ["a missing field", { vib: 1 }, [NaN, 1], [READ_MISSING, READ_OK]],
    ["NaN and Infinity", { temp: NaN, vib: -Infinity }, [NaN, NaN], [READ_NAN, READ_NAN]],
    ["an extra field", { temp: 1, vib: 2, flow: 3 }, [1, 2], [READ_OK, READ_OK], ["signal-extra flow"]],
    ["an extra object", { temp: 1, vib: 2, meta: { line: 3 } }, [1, 2], [READ_OK, READ_OK], ["signal-extra meta"]],
    ["names with units, as a csv node gives them", { "temp [degC]": 1, "vib (mm/s)": 2 }, [1, 2]],
    ["all null", { temp: null, vib: null }, [NaN, NaN], [READ_MISSING, READ_MISSING]],
    ["a hole in an array", [1, null], [1, NaN], [READ_OK, READ_MISSING]],
  ];
  for (const [what, payload, row, reasons = [READ_OK, READ_OK], codes = []] of good) {
    it(`reads ${what}`, () => {
      const got = read(payload);
      assert.deepEqual(got.row, row);
      assert.deepEqual(got.reasons, reasons);
      assert.deepEqual(got.codes, codes);
      assert.equal(got.bad, reasons.filter((r) => r !== READ_OK).length);
    });
  }

  const refused: readonly (readonly [what: string, payload: unknown, code: ErrorCode, text: RegExp])[] = [
    ["too few values", [1], "MW_SAMPLE_LENGTH", /payload has 1 values?, .*2/],
    ["too many values", [1, 2, 3], "MW_SAMPLE_LENGTH", /3/],
    ["one number for two signals", 5, "MW_SAMPLE_LENGTH", /1/],
    ["one text for two signals", "hello", "MW_PAYLOAD_TYPE", /object or array of 2 numbers, got "hello"/],
    ["an empty object", {}, "MW_PAYLOAD_EMPTY", /payload/],
    ["an empty array", [], "MW_PAYLOAD_EMPTY", /payload/],
    ["none of the signals", { flow: 1 }, "MW_SAMPLE_NO_SIGNAL", /flow.*temp, vib/],
    ["a nested object", { temp: { value: 1 }, vib: 2 }, "MW_SAMPLE_VALUE", /temp.*object with value/],
    ["an array in a signal", { temp: [1], vib: 2 }, "MW_SAMPLE_VALUE", /temp/],
    ["a function", { temp: () => 1, vib: 2 }, "MW_SAMPLE_VALUE", /temp.*function/],
    ["a symbol", { temp: Symbol("x"), vib: 2 }, "MW_SAMPLE_VALUE", /temp/],
    ["nothing", undefined, "MW_PAYLOAD_MISSING", /payload/],
    ["null", null, "MW_PAYLOAD_TYPE", /null/],
  ];
  for (const [what, payload, code, text] of refused) it(`refuses ${what}: ${code}`, () => assert.throws(() => read(payload), coded(code, text)));

  it("never takes inherited properties for signals", () => {
    const set = [signal("constructor"), signal("toString"), signal("__proto__")];
    assert.deepEqual(read(JSON.parse('{"constructor": 1, "__proto__": 3}'), undefined, set).row, [1, NaN, 3]);
  });

  it("takes the time of the message before that of the row", () => {
    assert.equal(read({ temp: 1, vib: 2, time: 5 }, 7).timeMs, 7);
    assert.equal(read({ temp: 1, vib: 2, time: 5 }).timeMs, 5);
    assert.equal(read({ temp: 1, vib: 2, time: 5, timestamp: "1970-01-01T00:00:00.009Z" }).timeMs, 9);
    assert.equal(read([1, 2], null).timeMs, NaN);
    assert.throws(() => read([1, 2], "noon"), coded("MW_TIMESTAMP_INVALID", /timestamp.*noon/));
    assert.throws(() => read([1, 2], 1_764_000_000), coded("MW_TIMESTAMP_INVALID", /timestamp must be milliseconds.*1764000000, which looks like seconds/));
    assert.throws(() => read({ temp: 1, vib: 2, ts: "1764000000" }), coded("MW_TIMESTAMP_INVALID", /payload\.ts .*seconds/));
    assert.deepEqual(read({ temp: 1, vib: 2, time: "12:30" }).codes, ["time-unreadable time"]);
  });

  it("takes a boolean of an on/off signal for granted", () => {
    const set = [signal("running"), signal("door", "", { kind: "discrete" })];
    assert.deepEqual(read({ running: true, door: false }, undefined, set).codes, []);
  });

  it("lets a signal be called time", () => {
    const got = read({ time: 5, vib: 1 }, undefined, [signal("time"), signal("vib")]);
    assert.deepEqual([got.row, got.timeMs], [[5, 1], NaN]);
  });

  it("says each thing once, and not for ever", () => {
    const reader = new SampleReader(SET);
    const out = new Float64Array(2);
    assert.equal(reader.read({ temp: 1, vib: 1, x: 1 }, undefined, out).notes.length, 1);
    assert.equal(reader.read({ temp: 1, vib: 1, x: 1 }, undefined, out).notes.length, 0);
    let said = 0;
    for (let i = 0; i < 5000; i++) said += reader.read({ temp: 1, vib: 1, [`x${i}`]: 1 }, undefined, out).notes.length;
    assert.ok(said < 100, String(said));
  });

  it("a signal to ignore may hold anything", () => {
    const got = read({ temp: { a: 1 }, vib: 2 }, undefined, [signal("temp", "", { kind: "ignore" }), signal("vib")]);
    assert.deepEqual([got.row, got.bad], [[NaN, 2], 0]);
  });

  it("gives numbers or a coded error for whatever comes", () => {
    const wild = fc.oneof(fc.anything(), fc.record({ temp: fc.anything(), vib: fc.anything() }), fc.array(fc.anything(), { minLength: 2, maxLength: 2 }));
    fc.assert(
      fc.property(wild, fc.anything(), (payload, timestamp) => {
        const out = new Float64Array(2).fill(7);
        try {
          const report = new SampleReader(SET).read(payload, timestamp, out);
          for (let c = 0; c < 2; c++) assert.equal(Number.isFinite(out[c]), report.reasons[c] === READ_OK);
        } catch (error) {
          if (!(error instanceof MillwrightError)) throw error;
          assert.match(error.code, /^MW_(PAYLOAD|SAMPLE|TIMESTAMP)_/);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe("payloadForm", () => {
  const table: readonly (readonly [payload: unknown, signals: number, form: string])[] = [
    [5, 1, "sample"],
    [true, 1, "sample"],
    [{ a: 1 }, 0, "sample"],
    [[1, 2], 2, "sample"],
    [[1, 2], 0, "sample"],
    [[1, 2], 1, "rows"],
    [[1], 1, "sample"],
    [[[1, 2]], 2, "rows"],
    [[{ a: 1 }], 0, "rows"],
    [[null, { a: 1 }], 0, "rows"],
    [Float64Array.of(1, 2), 2, "sample"],
    ["71.2", 1, "sample"],
    ["a;b\n1;2", 2, "csv"],
  ];
  for (const [payload, signals, form] of table)
    it(`${JSON.stringify(payload)} with ${signals} signals: ${form}`, () => assert.equal(payloadForm(payload, signals), form));

  const refused: readonly (readonly [payload: unknown, code: ErrorCode, text: RegExp])[] = [
    [undefined, "MW_PAYLOAD_MISSING", /payload is missing/],
    [null, "MW_PAYLOAD_TYPE", /null/],
    [[], "MW_PAYLOAD_EMPTY", /payload/],
    ["  ", "MW_PAYLOAD_EMPTY", /payload/],
    ['{"temp":1}', "MW_PAYLOAD_TYPE", /json node/],
    [Buffer.from("71"), "MW_PAYLOAD_TYPE", /parsed.*Buffer/],
    [new Map(), "MW_PAYLOAD_TYPE", /got a Map$/],
    [new Date(0), "MW_PAYLOAD_TYPE", /got a Date \(1970-01-01/],
    [BigInt64Array.of(1n), "MW_PAYLOAD_TYPE", /BigInt64Array/],
    [() => 1, "MW_PAYLOAD_TYPE", /function/],
  ];
  for (const [payload, code, text] of refused)
    it(`refuses ${typeof payload} ${Object.prototype.toString.call(payload)}: ${code}`, () => assert.throws(() => payloadForm(payload, 2), coded(code, text)));
});
