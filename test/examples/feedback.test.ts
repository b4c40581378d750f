/** The feedback example: promote by hand, answer an alarm, learn again, promote, roll back. */
import assert from "node:assert/strict";
import { startNodeRed, type NodeRed } from "../support/node-red.ts";
import type { Message } from "../support/probe.ts";
import { Example, eventOf, isEvent } from "./flows.ts";

const example = new Example("feedback.json").hurried();
const EVENTS = example.id("Events");
const SCORE = example.id("Score");
const ANSWERS = example.id("Answers");

interface Model {
  readonly version: string | number;
}

describe("example feedback", function () {
  this.timeout(120_000);
  let red: NodeRed;
  before(async () => {
    red = await startNodeRed({ flows: example.nodes });
    await red.watch(EVENTS, SCORE, ANSWERS);
  });
  after(() => red.stop());

  const press = (name: string): Promise<void> => red.inject(example.id(name));
  const count = async (type: string): Promise<number> => (await red.received(EVENTS)).filter(isEvent(type)).length;
  const result = (message: Message): Message => (message["anomaly"] ?? {}) as Message;
  const version = (message: Message): unknown => (result(message)["model"] as Model | null | undefined)?.version;

  /** Presses a button and gives the next event of this type. */
  async function answer(button: string, type: string, also?: (event: Message) => boolean): Promise<Message> {
    const wanted = isEvent(type, also);
    const before = (await red.received(EVENTS)).filter(wanted).length;
    await press(button);
    return eventOf((await red.waitFor(EVENTS, before + 1, 90_000, wanted)).at(-1)!)!;
  }

  it("keeps what it learned at the start as a candidate until it is promoted", async () => {
    const [learned] = await red.waitFor(EVENTS, 1, 90_000, isEvent("learned"));
    assert.equal(eventOf(learned!)!["promoted"], false);
    await red.waitFor(SCORE, 1, 30_000, (m) => result(m)["state"] === "waiting");
    assert.equal((await answer("Promote the candidate", "learned"))["promoted"], true);
    await red.waitFor(SCORE, 100, 60_000, (m) => result(m)["state"] === "watching");
    assert.equal(await count("alarm-start"), 0);
  });

  it("learns from what it remembers when that is enough", async () => {
    await red.waitFor(SCORE, 310, 60_000, (m) => typeof (m["payload"] as Message | undefined)?.["speed"] === "number" && result(m)["alarm"] !== true);
    const learned = await answer("Learn from what it remembers", "learned");
    assert.equal(learned["cause"], "training");
  });

  it("moves the limit when an alarm was false", async () => {
    const alarm = await answer("Heavier parcels", "alarm-start");
    const moved = await answer("It was a false alarm", "feedback");
    assert.equal(moved["kind"], "falseAlarm");
    assert.equal(moved["id"], alarm["id"]);
    assert.ok((moved["limitAfter"] as number) > (moved["limitBefore"] as number));
    const end = eventOf((await red.waitFor(EVENTS, 1, 30_000, isEvent("alarm-end")))[0]!)!;
    assert.equal(end["id"], alarm["id"], "an alarm that was none ends at once");
    await press("Normal again");
  });

  it("lowers the limit when something was missed", async () => {
    const moved = await answer("The last minute was missed", "feedback");
    assert.equal(moved["kind"], "missed");
    assert.ok((moved["limitAfter"] as number) <= (moved["limitBefore"] as number));
  });

  it("learns again on command, promotes the new version and rolls back", async () => {
    const first = version((await red.received(SCORE)).findLast((m) => version(m) !== undefined)!);
    const learned = await answer("Learn an hour with heavier parcels", "learned");
    assert.equal(learned["promoted"], false);
    const second = (learned["model"] as Model).version;
    assert.notEqual(second, first);
    await answer("Promote the candidate", "learned");
    await red.waitFor(SCORE, 50, 60_000, (m) => version(m) === second && result(m)["state"] === "watching");
    const back = await answer("Roll back", "learned");
    assert.equal((back["model"] as Model).version, first);
  });

  it("answers every command", async () => {
    await press("Status");
    const answers = await red.waitFor(ANSWERS, 1, 30_000, (m) => result(m)["command"] === "status");
    assert.equal(result(answers[0]!)["state"], "watching");
    const asked = (await red.received(ANSWERS)).map((m) => result(m)["command"]);
    for (const command of ["train", "promote", "feedback", "rollback"]) assert.ok(asked.includes(command), command);
    assert.doesNotMatch(red.log(), /\[error\]/);
  });
});
