import assert from "node:assert/strict";
import { HealthMonitor } from "../../../lib/signals/health.ts";
import { SIGNAL_CODES } from "../../../lib/signals/types.ts";
import { gauss, learnOne, spec, uniform } from "./simulate.ts";

const SCALE = SIGNAL_CODES.indexOf("scale");

/** Kinds of normal data: value at sample i. */
const NORMAL: Readonly<Record<string, (seed: number) => (i: number) => number>> = {
  "white noise": (seed) => {
    const noise = gauss(uniform(seed));
    return () => 70 + noise();
  },
  "a slow wander": (seed) => {
    const noise = gauss(uniform(seed));
    let level = 0;
    return () => 25 + (level = 0.99 * level + 0.1 * noise());
  },
  "a daily rhythm": (seed) => {
    const noise = gauss(uniform(seed));
    return (i) => 20 + 5 * Math.sin(i / 200) + 0.1 * noise();
  },
  "coarse readings": (seed) => {
    const noise = gauss(uniform(seed));
    let level = 0;
    return () => Math.round((40 + (level = 0.995 * level + 0.05 * noise())) * 10) / 10;
  },
};

const CHANGES: readonly (readonly [name: string, unit: string, f: (x: number) => number])[] = [
  ["x 10", "bar", (x) => 10 * x],
  ["x 100", "", (x) => 100 * x],
  ["x 1000", "", (x) => 1000 * x],
  ["/ 10", "bar", (x) => x / 10],
  ["/ 1000", "", (x) => x / 1000],
  ["degC -> degF", "degC", (x) => 1.8 * x + 32],
  ["degC -> degF", "", (x) => 1.8 * x + 32],
  ["degF -> degC", "°F", (x) => (x - 32) / 1.8],
];

/** Pushes `count` values after 1,000 learned ones; gives how many were called a changed scale, and the last sentence. */
function watch(
  unit: string,
  next: (i: number) => number,
  then: (x: number, i: number) => number,
  count = 400,
  outage = false,
): { called: number; text: string; first: number } {
  const { set, learned } = learnOne(spec("s", { unit }), 1000, next);
  const monitor = new HealthMonitor(set, learned);
  const row = new Float64Array(1);
  let called = 0;
  let first = -1;
  let text = "";
  for (let i = 0; i < count; i++) {
    const x = next(1000 + i);
    row[0] = i < 20 ? x : then(x, i - 20);
    const time = (1000 + i + (outage && i >= 20 ? 3600 : 0)) * 1000;
    if (monitor.push(row, time).codes[0] !== SCALE) continue;
    called++;
    if (first < 0) first = i - 20;
    text = monitor.reasons()[0]!.text;
  }
  return { called, text, first };
}

describe("a changed unit or scale", () => {
  for (const [kind, data] of Object.entries(NORMAL)) {
    for (const [name, unit, f] of CHANGES) {
      it(`${name} of ${kind} in ${unit || "no unit"} is suspected`, () => {
        let found = 0;
        for (let seed = 1; seed <= 20; seed++) {
          const { called, text } = watch(unit, data(seed), f);
          if (called > 200) found++;
          if (called > 0) assert.match(text, /^s reads .*, .* is usual: the unit or scale seems to have changed \(.*\)$/);
          if (called > 0) assert.ok(text.includes(`(${name})`), text);
        }
        assert.ok(found >= 18, `${found} of 20`);
      });
    }
  }

  it("also when the sensor was exchanged during an outage", () => {
    let found = 0;
    for (let seed = 1; seed <= 20; seed++) if (watch("degC", NORMAL["white noise"]!(seed), (x) => 1.8 * x + 32, 400, true).called > 200) found++;
    assert.ok(found >= 18, `${found} of 20`);
  });

  // pressure 4 +- 0.1 bar in the resolutions and units that plants have, suddenly in kPa
  const pressures: readonly (readonly [string, string, (x: number) => number])[] = [
    ["white", "bar", (x) => x],
    ["white", "", (x) => x],
    ["two decimals", "bar", (x) => Math.round(100 * x) / 100],
    ["one decimal", "bar", (x) => Math.round(10 * x) / 10],
    ["one decimal", "", (x) => Math.round(10 * x) / 10],
  ];
  for (const [what, unit, read] of pressures) {
    for (const factor of [10, 100, 1000, 0.01]) {
      it(`a pressure of ${what}, unit "${unit}", x ${factor}`, () => {
        for (let seed = 1; seed <= 20; seed++) {
          const noise = gauss(uniform(seed));
          const { called, text } = watch(
            unit,
            () => read(4 + 0.1 * noise()),
            (x) => factor * x,
          );
          assert.ok(called > 200, `seed ${seed}: ${called}`);
          assert.ok(text.includes(factor >= 1 ? `(x ${factor})` : "(/ 100)"), text);
        }
      });
    }
  }

  it("also when a mean over both scales lies between, and when another change follows the first", () => {
    const noise = gauss(uniform(4));
    const changed = (x: number, i: number): number => (i === 0 ? 50 * x : i < 60 ? 100 * x : i < 200 ? 1000 * x : 10 * x);
    const { called, text } = watch("bar", () => 4 + 0.1 * noise(), changed);
    assert.ok(called > 340, String(called));
    assert.ok(text.includes("(x 10)"), text);
  });

  it("is not seen where a signal steps through a few values", () => {
    const random = uniform(8);
    const modes = [0, 1, 2, 5, 10, 20, 50];
    let mode = 0;
    const { called } = watch(
      "",
      (i) => (i % 5 === 0 ? (mode = modes[Math.floor(random() * 4)]!) : mode),
      () => modes[4 + Math.floor(random() * 3)]!,
    );
    assert.equal(called, 0);
  });

  it("is taken back when the values are normal again", () => {
    const { called } = watch("", NORMAL["white noise"]!(3), (x, i) => (i < 100 ? 10 * x : x));
    assert.ok(called > 80 && called <= 100, String(called));
  });

  it("says both values", () => {
    assert.match(
      watch("degC", NORMAL["white noise"]!(1), (x) => 1.8 * x + 32).text,
      /^s reads 15\d\.\d+ degC, (?:69|70)\.?\d* degC is usual: .* \(degC -> degF\)$/,
    );
  });

  // real process changes: the level goes anywhere, the sensor's noise stays what it was
  for (const [kind, data] of Object.entries(NORMAL)) {
    it(`is not seen in process changes of ${kind}`, () => {
      const random = uniform(99);
      let wrong = 0;
      let runs = 0;
      for (let seed = 1; seed <= 150; seed++) {
        const unit = seed % 2 === 0 ? "degC" : "";
        const to = 10 ** (3 * random() - 1.5) * 40 * (random() < 0.2 ? -1 : 1);
        const ramp = 1 + Math.floor(random() * 50);
        const level = seed % 3;
        const target = [to, 10 * data(seed)(1020), 1.8 * data(seed)(1020) + 32][level]!; // anywhere, or exactly where a conversion would lead
        let base = NaN;
        const { called } = watch(unit, data(seed), (x, i) => {
          if (i === 0) base = x;
          return x + (target - base) * Math.min(1, (i + 1) / (seed % 2 === 0 ? 1 : ramp));
        });
        runs++;
        if (called > 0) wrong++;
      }
      assert.ok(wrong <= 2, `${wrong} of ${runs}`);
    });
  }
});
