/** What the pump station's page says, and what the example's functions keep: run here without Node-RED. */
import assert from "node:assert/strict";
import { Example } from "./flows.ts";

type Values = Record<string, unknown>;

/** Node-RED's context store, as far as the examples use it. */
function store(): { get(key: string): unknown; set(key: string, value: unknown): void } {
  const values = new Map<string, unknown>();
  return { get: (key) => values.get(key), set: (key, value) => void values.set(key, value) };
}

/** A function node of an example: gives what it sends, and its last status text. */
function functionNode(example: Example, name: string, flow = store()): { run(msg: Values): Values | null; status(): string } {
  const source = example.nodes.find((n) => n.id === example.id(name))!["func"] as string;
  const context = store();
  let text = "";
  const node = { status: (s: { text: string }) => void (text = s.text), warn: () => {} };
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- the code under test lies in a flow file
  const run = new Function("msg", "context", "flow", "node", source) as (...args: unknown[]) => Values | null;
  return { run: (msg) => run(structuredClone(msg), context, flow, node), status: () => text };
}

/** The computed values of a ui-template's component for a payload. */
function component(example: Example, name: string): (payload: unknown) => Values {
  const source = example.nodes.find((n) => n.id === example.id(name))!["format"] as string;
  const script = /<script>\s*export default([\s\S]*?);?\s*<\/script>/.exec(source)![1]!;
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- the code under test lies in a flow file
  const make = new Function(`return (${script})`) as () => { readonly data: () => Values; readonly computed: Readonly<Record<string, () => unknown>> };
  const { data, computed } = make();
  return (payload) => {
    const view: Values = { ...data(), msg: { payload } };
    for (const [key, get] of Object.entries(computed)) Object.defineProperty(view, key, { get: get.bind(view) });
    return view;
  };
}

const READING = { flow: 88, pressure: 4.1, current: 30, vibration: 1.4, temperature: 52 };
const SHARES = { flow: 0.2, pressure: 1.2, current: 0.1, vibration: 0.1, temperature: 0.1 };

function sample(more: Values = {}): Values {
  const anomaly = { score: 1.7, limit: 1, alarm: false, severity: "normal", contributions: SHARES, expected: READING, health: { ok: true }, model: null };
  return { payload: READING, anomaly: { ...anomaly, state: "watching", ...more } };
}

const NOT_JUDGED = {
  score: null,
  contributions: {},
  expected: {},
  health: { ok: false, cannotJudge: "health", reasons: ["two samples have the same time stamp"] },
};
const started = (): Values => ({
  payload: {
    type: "alarm-start",
    id: "a1",
    start: Date.now() - 5000,
    at: Date.now() - 5000,
    durationMs: 0,
    peak: 1.1,
    top: [{ signal: "pressure", unit: "bar", share: 0.8, seen: 3.2, expected: 4.1 }],
  },
});
const ALARM = { alarm: true, alarmId: "a1", severity: "alarm" };

describe("the pump station's page", () => {
  const example = new Example("pump-station.json");
  const view = component(example, "State and top signals");
  const page = (): ((msg: Values) => Values) => {
    const last = functionNode(example, "Last five minutes");
    return (msg) => view(last.run(msg)?.["payload"]);
  };

  it("keeps the alarm's sentence while a sample cannot be judged", () => {
    const show = page();
    show(started());
    const judged = show(sample(ALARM));
    assert.deepEqual([judged["word"], judged["mood"], judged["score"]], ["Alarm", "bad", "1.70"]);
    assert.equal(judged["sentence"], "pressure: 3.2 bar seen, 4.1 bar expected.");
    const blind = show(sample({ ...ALARM, ...NOT_JUDGED, severity: "normal" }));
    assert.deepEqual([blind["word"], blind["mood"], blind["score"]], ["Alarm", "bad", "-"]);
    assert.equal(blind["sentence"], "pressure: 3.2 bar seen, 4.1 bar expected. The last reading could not be judged: two samples have the same time stamp.");
  });

  it("says what the alarm started with, not what the method follows later", () => {
    const show = page();
    show(started());
    const payload = { ...READING, pressure: 3.3 };
    assert.match(String(show({ ...sample({ ...ALARM, expected: payload }), payload })["sentence"]), /3\.2 bar seen, 4\.1 bar expected/);
    assert.match(String(show(sample({ ...ALARM, alarmId: "a2" }))["sentence"]), /^pressure: 4\.1 bar seen/, "of another alarm: the sample's own");
  });

  it("does not call a sample normal that was not judged", () => {
    const show = page();
    assert.equal(show(sample({ score: 0.4 }))["sentence"], "The five sensors behave as learned.");
    assert.equal(show(sample(NOT_JUDGED))["sentence"], "This reading cannot be judged: two samples have the same time stamp.");
  });

  it("says how long it has been warming up", () => {
    const show = page();
    const warming = { state: "warming", score: null, contributions: {}, expected: {}, health: { ok: true, cannotJudge: "warming" } };
    show(sample(warming));
    assert.match(String(show(sample(warming))["sentence"]), /memory: 2 s so far, about 20 in all\.$/);
    show(sample());
    assert.match(String(show(sample(warming))["sentence"]), /memory: 1 s so far/);
  });

  it("brings the row of an open alarm up to date with every sample", () => {
    const list = functionNode(example, "Alarm list");
    const row = (sent: Values | null): Values => (sent!["payload"] as Values[])[0]!;
    assert.equal(list.run(sample()), null, "no row, nothing to show");
    assert.deepEqual([row(list.run(started()))["lasted"], row(list.run(started()))["peak"]], ["0 s", "1.1"]);
    const later = row(list.run(sample({ ...ALARM, score: 6.24 })));
    assert.match(String(later["lasted"]), /^[5-9] s$/);
    assert.equal(later["peak"], "6.2");
    assert.equal(row(list.run(sample({ ...ALARM, ...NOT_JUDGED })))["peak"], "6.2");
    const end = { payload: { ...(started()["payload"] as Values), type: "alarm-end", durationMs: 9000, peak: 6.24 } };
    assert.match(String(row(list.run(end))["what"]), /over/);
    assert.equal(list.run(sample()), null);
  });
});

describe("the feedback example", () => {
  const example = new Example("feedback.json");

  it("says how long to wait until there is enough to learn from", () => {
    const flow = store();
    const score = functionNode(example, "Score", flow);
    const gate = functionNode(example, "Enough remembered?", flow);
    const live = (more: Values): Values => ({ ...sample(more), payload: { speed: 1, current: 10, temperature: 40 } });
    assert.equal(gate.run({ command: "train" }), null);
    assert.equal(gate.status(), "0 of 300 samples: wait 300 s");
    for (let i = 0; i < 20; i++) score.run(live({ alarm: true }));
    for (let i = 0; i < 299; i++) score.run(live({ state: "waiting", score: null }));
    assert.equal(gate.run({ command: "train" }), null);
    assert.equal(gate.status(), "299 of 300 samples: wait 1 s");
    score.run(live({ state: "warming", score: null }));
    assert.equal(score.status(), "warming up, 1 s of about 20");
    assert.deepEqual(gate.run({ command: "train" }), { command: "train" });
  });
});
