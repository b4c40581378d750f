import assert from "node:assert/strict";
import fc from "fast-check";
import { MillwrightError, type ErrorCode } from "../../../lib/errors.ts";
import { describe as inLanguage, SENTENCES, say, type SentenceCode } from "../../../lib/signals/sentences.ts";
import { parseSignals, signalsFromHeader, signalsFromSample } from "../../../lib/signals/set.ts";
import { duration, sameUnit, withUnit } from "../../../lib/signals/units.ts";

const coded = (code: ErrorCode, text: RegExp) => (error: unknown) => error instanceof MillwrightError && error.code === code && text.test(error.message);
const listed = (signals: readonly { name: string; unit: string }[]) => signals.map((s) => (s.unit === "" ? s.name : `${s.name}/${s.unit}`));

describe("parseSignals", () => {
  it("fills in what is not given", () => {
    const signals = parseSignals([{ name: " temp " }, { name: "p", unit: "bar", low: "0", high: "16,5", kind: "analog" }]);
    assert.deepEqual(signals, [
      { name: "temp", unit: "", low: null, high: null, kind: "auto" },
      { name: "p", unit: "bar", low: 0, high: 16.5, kind: "analog" },
    ]);
  });

  const refused: readonly (readonly [raw: unknown, code: ErrorCode, text: RegExp])[] = [
    [[], "MW_OPTION_REQUIRED", /signals.*at least one/],
    ["temp", "MW_OPTION_INVALID", /signals must be a list/],
    [[5], "MW_OPTION_INVALID", /signals\[0\].*5/],
    [[{ name: "" }], "MW_OPTION_INVALID", /signals\[0\]\.name/],
    [[{ name: "a" }, { name: " a" }], "MW_OPTION_INVALID", /signals\[1\]\.name.*no other.*"a"/],
    [[{ name: "a", low: 5, high: 5 }], "MW_OPTION_INVALID", /\(a\)\.low.*less than high \(5\), got 5/],
    [[{ name: "a", high: "many" }], "MW_OPTION_INVALID", /\(a\)\.high.*"many"/],
    [[{ name: "a", low: NaN }], "MW_OPTION_INVALID", /\(a\)\.low/],
    [[{ name: "a", kind: "digital" }], "MW_OPTION_INVALID", /kind.*auto, analog, discrete, ignore.*digital/],
    [[{ name: "a", unit: 5 }], "MW_OPTION_INVALID", /unit.*text/],
    [Array.from({ length: 2000 }, (_, i) => ({ name: `s${i}` })), "MW_OPTION_INVALID", /at most 1024/],
  ];
  for (const [raw, code, text] of refused) it(`${JSON.stringify(raw).slice(0, 50)}: ${code}`, () => assert.throws(() => parseSignals(raw), coded(code, text)));

  it("gives a list or a coded error for whatever comes, and accepts its own result", () => {
    const entry = fc.record(
      { name: fc.string(), unit: fc.anything(), low: fc.anything(), high: fc.anything(), kind: fc.constantFrom("auto", "ignore", 3) },
      { requiredKeys: ["name"] },
    );
    fc.assert(
      fc.property(fc.oneof(fc.anything(), fc.array(entry)), (raw) => {
        try {
          const signals = parseSignals(raw);
          assert.deepEqual(parseSignals(JSON.parse(JSON.stringify(signals))), signals);
        } catch (error) {
          if (!(error instanceof MillwrightError)) throw error;
        }
      }),
    );
  });
});

describe("signals from a sample", () => {
  it("takes the numbers, leaves the rest and says so", () => {
    const { signals, skipped } = signalsFromSample({
      timestamp: 1,
      temp: "71.2 degC",
      "flow (m3/h)": 3,
      open: true,
      id: "pump 1",
      when: "2020-03-09",
      meta: {},
    });
    assert.deepEqual(listed(signals), ["temp/degC", "flow (m3/h)/m3/h", "open"]);
    assert.deepEqual(skipped, ["timestamp", "id", "when", "meta"]);
  });
  it("arrays and numbers", () => {
    assert.deepEqual(listed(signalsFromSample([1, 2]).signals), ["s1", "s2"]);
    assert.deepEqual(listed(signalsFromSample(5).signals), ["value"]);
  });
  for (const bad of [null, undefined, "x", {}, [], { a: "b" }])
    it(`refuses ${JSON.stringify(bad)}`, () => assert.throws(() => signalsFromSample(bad), coded("MW_PAYLOAD_TYPE", /payload/)));
});

describe("signals from a CSV header", () => {
  const table: readonly (readonly [text: string, signals: readonly string[], skipped: readonly string[]])[] = [
    ["time,Temp [degC],flow (m3/h),label", ["Temp/degC", "flow/m3/h"], ["time", "label"]],
    ["Datum;Temp;Druck [bar]", ["Temp", "Druck/bar"].toSpliced(0, 0, "Datum"), []],
    ["id,temp\npump,71", ["temp"], ["id"]],
    ["T [degC],T [degF]", ["T [degC]/degC", "T [degF]/degF"], []],
    ["a,a,b", ["a", "b"], ["a"]],
    ['"p, raw [bar]";q', ["p, raw/bar", "q"], []],
    ["temp", ["temp"], []],
  ];
  for (const [text, signals, skipped] of table) {
    it(JSON.stringify(text), () => {
      const got = signalsFromHeader(text);
      assert.deepEqual([listed(got.signals), got.skipped], [signals, skipped]);
    });
  }
  it("names the time and label columns", () => {
    const { timeColumn, labelColumn } = signalsFromHeader("DateTime;a;Anomaly");
    assert.deepEqual([timeColumn, labelColumn], ["DateTime", "Anomaly"]);
  });
  for (const text of ["", "1,2,3", "time", 'a,"b'])
    it(`refuses ${JSON.stringify(text)}`, () => assert.throws(() => signalsFromHeader(text), coded("MW_DATASET_CSV", /line 1/)));
});

describe("units and sentences", () => {
  it("know spellings of one unit", () => {
    for (const [a, b] of [["°C", "deg C"], ["Celsius", "degc"], ["ºF", "F"], ["m³/h", "m3/h"], ["Bar", "bar"], ["%", "percent"], ["RPM", "1/min"]]) assert.ok(sameUnit(a!, b!), `${a} ${b}`); // prettier-ignore
    for (const [a, b] of [["degC", "degF"], ["mW", "MW"], ["bar", "mbar"], ["", "bar"]]) assert.ok(!sameUnit(a!, b!), `${a} ${b}`); // prettier-ignore
  });
  it("show values and time spans", () => {
    assert.deepEqual([withUnit(71.23456, "degC"), withUnit(0, ""), withUnit(1e-9, "A"), withUnit(123456.7, "")], ["71.23 degC", "0", "1.000e-9 A", "123456.7"]);
    assert.deepEqual([duration(5), duration(1500), duration(-90_000), duration(7_200_000), duration(864e5 * 3)], ["5 ms", "1.5 s", "-90 s", "2 h", "3 d"]);
  });
  it("say everything in both languages with the same holes", () => {
    for (const [code, { en, zh }] of Object.entries(SENTENCES)) {
      const holes = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(String).sort().join();
      assert.equal(holes(en), holes(zh), code);
      assert.match(zh, /\p{Script=Han}/u);
      const sentence = say(code as SentenceCode, "p", { seen: "5 {signal}" });
      assert.equal(inLanguage(sentence, "en"), sentence.text);
    }
  });
});
