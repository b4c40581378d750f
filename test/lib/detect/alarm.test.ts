import assert from "node:assert/strict";
import fc from "fast-check";
import { AlarmMachine, alarmSettings, RISE, type AlarmSettings } from "../../../lib/detect/alarm.ts";

const settings: AlarmSettings = { clearAt: 0.5, refractory: 10, halfLife: 1000 };
const machine = (change: Partial<AlarmSettings> = {}): AlarmMachine => new AlarmMachine({ ...settings, ...change });
const feed = (m: AlarmMachine, scores: readonly number[]): string[] => scores.map((s) => m.push(s));
const repeat = (value: number, times: number): number[] => new Array<number>(times).fill(value);

describe("AlarmMachine", () => {
  it("starts above the limit, not at it", () => {
    const m = machine();
    assert.deepEqual(feed(m, [0.5, 1, 1.01]), ["none", "none", "start"]);
  });

  it("holds through small dips: it clears below 0.8 of the level it started from", () => {
    const m = machine({ clearAt: 0 });
    assert.deepEqual(feed(m, [1.1, 0.9, 0.81, 0.79]), ["start", "none", "none", "end"]);
  });

  it("clears at the given share of the plateau, even above the limit", () => {
    const m = machine({ refractory: 1000 });
    feed(m, repeat(10, 200)); // plateau 10
    assert.equal(m.push(5.1), "none");
    assert.equal(m.push(4.9), "end");
    // and what it sank to does not start the next one: the limit restarts above it and sinks with the score
    assert.equal(m.push(4.9), "none");
    assert.ok(m.limit > 4.9);
  });

  it("raises the limit with each alarm and lets it sink by half in a half-life", () => {
    const m = machine({ halfLife: 100, refractory: 0 });
    m.push(2);
    m.push(0.1);
    const raised = Math.log(m.limit);
    assert.ok(Math.abs(raised / Math.log(RISE) - 0.5 ** (1 / 100)) < 1e-9);
    feed(m, repeat(0.1, 100));
    assert.ok(Math.abs(Math.log(m.limit) / raised - 0.5) < 1e-9);
  });

  it("another cause is told at once, also in the refractory period", () => {
    const m = machine({ refractory: 100 });
    assert.equal(m.push(2, 0), "start");
    assert.equal(m.push(0.1, 0), "end");
    m.push(0.1, 0);
    assert.equal(m.push(2, 0), "none");
    assert.equal(m.push(2, 1), "start");
  });

  it("renews an alarm that is still on after a refractory period, without raising the limit again", () => {
    const m = machine({ refractory: 10 });
    assert.equal(m.push(3), "start");
    const limit = m.limit;
    assert.deepEqual(feed(m, repeat(3, 9)), new Array<string>(9).fill("none"));
    assert.equal(m.push(3), "renew");
    assert.ok(m.on && m.limit <= limit);
  });

  it("stays quiet in the refractory period unless the score escalates", () => {
    const quiet = machine({ refractory: 50 });
    feed(quiet, [2, 0.1, ...repeat(0.1, 10)]);
    assert.equal(quiet.push(3), "none");
    assert.equal(quiet.push(6.1), "start"); // over 3 times the last peak
  });

  it("never raises the limit beyond a factor of 4", () => {
    const m = machine({ refractory: 0, halfLife: 1e9 });
    for (let i = 0; i < 100; i++) feed(m, [100, 0.1, 0.1]);
    assert.ok(m.limit <= 4 + 1e-9);
  });

  it("starts and ends in turn, whatever the scores", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 50, noNaN: true }), { maxLength: 300 }), fc.integer({ min: 0, max: 30 }), (scores, refractory) => {
        const m = machine({ refractory });
        let on = false;
        for (const s of scores) {
          const limit = m.limit;
          const t = m.push(s);
          if (t === "start") {
            assert.ok(!on && s > limit && limit >= 1);
            on = true;
          } else if (t !== "none") {
            assert.ok(on);
            on = t !== "end";
          }
          assert.equal(m.on, on);
        }
      }),
    );
  });

  it("goes on after save and load exactly as without", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 9, noNaN: true }), { minLength: 2, maxLength: 200 }), fc.nat(), (scores, cut) => {
        const a = machine();
        const b = machine();
        const k = cut % scores.length;
        const first = feed(a, scores);
        const second = feed(b, scores.slice(0, k));
        const c = machine();
        c.load(structuredClone(b.save()));
        second.push(...feed(c, scores.slice(k)));
        assert.deepEqual(second, first);
      }),
    );
  });

  it("takes the half-life from the wanted interval between false alarms", () => {
    const s = alarmSettings({ periodMs: 1000, window: 64 }, 0.5, 0, 1);
    assert.equal(s.halfLife, 4 * 604_800);
    assert.equal(s.refractory, 64);
    assert.equal(alarmSettings({ periodMs: 1000, window: 64 }, 0.5, 7, 1).refractory, 7);
  });
});
