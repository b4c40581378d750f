/** Whatever comes in: a clear coded error or a stated behaviour, the message kept, the node alive. */
import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import fc from "fast-check";
import { ERRORS } from "../../../lib/errors.ts";
import type { BatchAnomaly } from "../../../lib/detect/station/batch.ts";
import type { Anomaly } from "../../../lib/detect/station/result.ts";
import type { Message } from "../../../lib/detect/station.ts";
import { plant, rig, type Rig } from "../../lib/detect/station/support.ts";

const T0 = Date.UTC(2026, 0, 1);
const good = { flow: 50, pressure: 4, vib: 1 };
const cyclic: Record<string, unknown> = { flow: 1 };
cyclic["self"] = cyclic;

describe("millwright-anomaly: bad input", function () {
  this.timeout(60_000);
  let r: Rig;
  let next = 300;
  before(async () => {
    r = await rig();
    await r.feed(plant(300), (i) => ({ timestamp: T0 + i * 1000 }));
    await r.event("learned");
  });
  after(async () => {
    await r.station.close(true);
    await rm(r.folder, { recursive: true, force: true });
  });
  /** A good sample is still judged. */
  const alive = async (): Promise<void> => {
    for (let i = 0; i < 3; i++, next++) await r.feed(plant(1, next), () => ({ timestamp: T0 + next * 1000 }));
    assert.equal(typeof (r.out.at(-1)!["anomaly"] as Anomaly).state, "string");
  };
  const refuse = async (msg: Message): Promise<string> => {
    const keys = Object.keys(msg);
    const values = Object.values(msg);
    const sent = r.out.length;
    let code = "";
    await assert.rejects((async () => r.send(msg))(), (error: Error & { code?: string }) => {
      code = error.code ?? "";
      assert.ok(code in ERRORS, `${code}: ${error.stack ?? error.message}`);
      assert.doesNotMatch(error.message, /\{\w+\}|undefined|\[object/);
      return true;
    });
    assert.deepEqual(Object.keys(msg), keys);
    Object.values(msg).forEach((v, i) => assert.equal(v, values[i]));
    assert.equal(r.out.length, sent);
    return code;
  };

  const refused: readonly [string, Message, string][] = [
    ["no payload", {}, "MW_PAYLOAD_MISSING"],
    ["null", { payload: null }, "MW_PAYLOAD_TYPE"],
    ["a function", { payload: () => 1 }, "MW_PAYLOAD_TYPE"],
    ["a symbol", { payload: Symbol("s") }, "MW_PAYLOAD_TYPE"],
    ["a Buffer", { payload: Buffer.from("1,2,3") }, "MW_PAYLOAD_TYPE"],
    ["a Date", { payload: new Date() }, "MW_PAYLOAD_TYPE"],
    ["a Map", { payload: new Map([["flow", 1]]) }, "MW_PAYLOAD_TYPE"],
    ["JSON text", { payload: '{"flow": 50}' }, "MW_PAYLOAD_TYPE"],
    ["an empty text", { payload: "  " }, "MW_PAYLOAD_EMPTY"],
    ["an empty array", { payload: [] }, "MW_PAYLOAD_EMPTY"],
    ["an empty object", { payload: {} }, "MW_PAYLOAD_EMPTY"],
    ["one number for three signals", { payload: 5 }, "MW_SAMPLE_LENGTH"],
    ["too few values", { payload: [1, 2] }, "MW_SAMPLE_LENGTH"],
    ["too many values", { payload: [1, 2, 3, 4] }, "MW_SAMPLE_LENGTH"],
    ["other signals", { payload: { speed: 1, torque: 2 } }, "MW_SAMPLE_NO_SIGNAL"],
    ["a nested object", { payload: { ...good, vib: { value: 1 } } }, "MW_SAMPLE_VALUE"],
    ["a cycle without signals", { payload: { a: cyclic } }, "MW_SAMPLE_NO_SIGNAL"],
    ["a time that is none", { payload: good, timestamp: "yesterday" }, "MW_TIMESTAMP_INVALID"],
    ["seconds for milliseconds", { payload: good, timestamp: 1_764_000_000 }, "MW_TIMESTAMP_INVALID"],
    ["a text for three signals", { payload: "hello" }, "MW_PAYLOAD_TYPE"],
    ["an array of empty objects", { payload: [{}, {}] }, "MW_DATASET_ROW"],
    [
      "rows of different lengths",
      {
        payload: [
          [1, 2, 3],
          [1, 2],
        ],
      },
      "MW_DATASET_ROW",
    ],
    ["rows that are no samples", { payload: [[1, 2, 3], "x"] }, "MW_DATASET_ROW"],
    ["labels of another length", { payload: [good, good], labels: [1] }, "MW_DATASET_LABELS"],
    ["labels that are none", { payload: [good, good], labels: [1, "maybe"] }, "MW_DATASET_LABELS"],
    ["periods that are none", { payload: [good, good], exclude: [[1]] }, "MW_DATASET_LABELS"],
    ["periods that are none, with a sample", { payload: good, exclude: "today" }, "MW_DATASET_LABELS"],
    ["an unknown command", { payload: good, command: "learn" }, "MW_COMMAND_UNKNOWN"],
    ["CSV without numbers", { command: "train", payload: "flow,pressure,vib\n" + "a,b,c\n".repeat(50) }, "MW_TRAIN_FAILED"],
    ["training on nothing but NaN", { command: "train", payload: Array.from({ length: 200 }, () => [NaN, NaN, NaN]) }, "MW_TRAIN_FAILED"],
    ["training on three rows", { command: "train", payload: [good, good, good] }, "MW_TRAIN_FAILED"],
  ];
  for (const [what, msg, code] of refused) {
    it(`${what}: ${code}`, async () => {
      assert.equal(await refuse(msg), code);
      await alive();
    });
  }

  const passed: readonly [string, () => unknown, (a: Anomaly) => void][] = [
    ["NaN", () => ({ ...good, vib: NaN }), (a) => assert.equal(a.health.signals?.["vib"], "nan")],
    ["Infinity", () => ({ ...good, vib: -Infinity }), (a) => assert.equal(a.health.signals?.["vib"], "nan")],
    ["null", () => ({ ...good, vib: null }), (a) => assert.equal(a.health.signals?.["vib"], "missing")],
    ["a missing signal", () => ({ flow: 50, pressure: 4 }), (a) => assert.equal(a.health.signals?.["vib"], "missing")],
    ["all signals missing but one", () => ({ flow: 50 }), (a) => assert.equal(a.score, null)],
    ["text that is no number", () => ({ ...good, vib: "abc" }), (a) => assert.equal(a.health.signals?.["vib"], "nan")],
    ["numbers as text", () => ({ flow: "50.1", pressure: " 4 ", vib: "1e0" }), (a) => assert.equal(a.health.signals, undefined)],
    [
      "extra signals",
      () => ({ ...good, extra: 5, more: "x", deep: { a: 1 } }),
      (a) =>
        assert.deepEqual(
          Object.keys(a.contributions).filter((k) => !(k in good)),
          [],
        ),
    ],
    ["another order", () => ({ vib: 1, flow: 50, pressure: 4 }), (a) => assert.equal(a.health.signals, undefined)],
    ["an array with a hole", () => [50, undefined, 1], (a) => assert.equal(a.health.signals?.["pressure"], "missing")],
    ["an object without a prototype", () => Object.assign(Object.create(null) as object, good), (a) => assert.equal(a.health.signals, undefined)],
    ["a frozen object", () => Object.freeze({ ...good }), (a) => assert.equal(a.health.signals, undefined)],
    ["a cyclic extra", () => ({ ...good, self: cyclic }), (a) => assert.equal(a.health.signals, undefined)],
  ];
  for (const [what, payload, check] of passed) {
    it(`${what}: passed on, judged as far as it can be`, async () => {
      const p = payload();
      const msg: Message = { payload: p, timestamp: T0 + next++ * 1000, other: { kept: true } };
      await r.send(msg);
      assert.equal(msg["payload"], p);
      assert.deepEqual(msg["other"], { kept: true });
      check(msg["anomaly"] as Anomaly);
      await alive();
    });
  }

  it("a clock that runs backwards, and duplicate time stamps: not scored, said, recovered", async () => {
    await alive();
    const back: Message = { payload: good, timestamp: T0 + 1000 };
    await r.send(back);
    assert.equal((back["anomaly"] as Anomaly).health.ok, false);
    assert.equal((back["anomaly"] as Anomaly).score, null);
    const same: Message = { payload: good, timestamp: T0 + (next - 1) * 1000 };
    await r.send(same);
    assert.equal((same["anomaly"] as Anomaly).health.ok, false);
    await alive();
    await alive();
    assert.equal((r.out.at(-1)!["anomaly"] as Anomaly).health.clock, undefined);
  });

  it("a result property that cannot be set: an error, the message untouched", async () => {
    const q = await rig({ settings: { output: ["payload", "result"] } });
    const msg: Message = { payload: 5 };
    const single = await rig({ settings: { signals: undefined, output: ["payload", "result"] } });
    await assert.rejects((async () => single.send(msg))(), { code: "MW_OPTION_INVALID" });
    assert.deepEqual(msg, { payload: 5 });
    await q.send({ payload: { ...good } });
    assert.equal(typeof (q.out[0]!["payload"] as { result: object }).result, "object");
    for (const x of [q, single]) {
      await x.station.close(true);
      await rm(x.folder, { recursive: true, force: true });
    }
  });

  it("a million rows: scored, without holding the thread", async () => {
    const rows = Array.from({ length: 1_000_000 }, (_, i) => [50 + (i % 7), 4, 1 + (i % 3) / 10]);
    let turns = 0;
    let running = true;
    const turn = (): void => {
      turns++;
      if (running) setImmediate(turn);
    };
    setImmediate(turn);
    const msg: Message = { payload: rows };
    const begun = performance.now();
    await r.send(msg);
    running = false;
    const took = performance.now() - begun;
    const b = msg["anomaly"] as BatchAnomaly;
    assert.equal(b.scores.length, 1_000_000);
    assert.ok(turns > took / 5, `${turns} turns of the event loop in ${took} ms`); // slices of half a millisecond; garbage collection and other processes come on top
    assert.equal(await refuse({ payload: new Array(1_000_001).fill([1, 2, 3]) }), "MW_PAYLOAD_TOO_LARGE");
    await alive();
  });

  it("anything at all: coded or judged, the message kept (property)", async () => {
    const value = fc.oneof(
      fc.double(),
      fc.integer(),
      fc.string({ maxLength: 12 }),
      fc.constantFrom(null, undefined, NaN, Infinity, true, "1,5", "12 bar", "NaN", new Date(0), Symbol.iterator, 10n ** 20n),
      fc.constantFrom<unknown>([], {}, [1], () => 0, Buffer.from("x"), new Map()),
    );
    const sample = fc.oneof(
      fc.record({ flow: value, pressure: value, vib: value }, { requiredKeys: [] }),
      fc.array(value, { maxLength: 5 }),
      fc.dictionary(fc.constantFrom("flow", "pressure", "vib", "time", "label", "__proto__", "constructor", ""), value),
      value,
    );
    const payload = fc.oneof(
      sample,
      fc.array(sample, { maxLength: 6 }),
      fc.array(fc.tuple(value, value, value), { maxLength: 6 }),
      fc.string({ maxLength: 60 }),
      fc.anything({ maxDepth: 3 }),
    );
    const message = fc.record(
      {
        payload,
        timestamp: value,
        labels: fc.oneof(fc.array(value, { maxLength: 4 }), value),
        exclude: fc.oneof(fc.array(fc.tuple(value, value), { maxLength: 3 }), value),
        feedback: fc.oneof(sample, fc.constant({ kind: "missed", from: 0, to: 1 })),
        version: value,
        command: fc.constantFrom("", "status", "feedback", "evaluate", "cancel", "rollback", "nonsense", null, 5),
      },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(message, async (generated) => {
        const msg = generated as Message;
        const keys = Object.keys(msg);
        const values = Object.values(msg);
        try {
          await r.send(msg);
          assert.equal(typeof msg["anomaly"], "object");
        } catch (thrown) {
          const error = thrown as Error & { code?: string };
          assert.ok(error.code !== undefined && error.code in ERRORS && error.code !== "MW_INTERNAL", error.stack);
          assert.ok(!("anomaly" in msg));
        }
        assert.deepEqual(
          Object.keys(msg).filter((k) => k !== "anomaly"),
          keys,
        );
        keys.forEach((k, i) => assert.ok(Object.is(msg[k], values[i]), k));
      }),
      { numRuns: 600 },
    );
    assert.equal(r.station.learner.refused, undefined);
  });
});
