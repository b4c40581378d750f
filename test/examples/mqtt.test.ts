/** The MQTT example against a real broker: scores and events arrive at a client that knows nothing of Node-RED. */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { connectAsync, type MqttClient } from "mqtt";
import { startBroker, type Broker } from "../support/broker.ts";
import { startNodeRed, type NodeRed } from "../support/node-red.ts";
import type { Message } from "../support/probe.ts";
import { Example, type Top } from "./flows.ts";

describe("example mqtt", function () {
  this.timeout(120_000);
  const seen: Record<string, Message[]> = { anomaly: [], events: [] };
  let broker: Broker;
  let client: MqttClient;
  let red: NodeRed;
  let example: Example;

  before(async () => {
    broker = await startBroker();
    client = await connectAsync(broker.url);
    client.on("message", (topic, body) => seen[topic.split("/").at(-1)!]!.push(JSON.parse(body.toString()) as Message));
    await client.subscribeAsync(["plant/conveyor/anomaly", "plant/conveyor/events"]);
    example = new Example("mqtt.json").hurried().with("This computer", { port: String(broker.port) });
    red = await startNodeRed({ flows: example.nodes });
  });
  after(async () => {
    await red.stop();
    await client.endAsync();
    await broker.stop();
  });

  async function arrives(topic: "anomaly" | "events", wanted: (message: Message) => boolean): Promise<Message> {
    const end = Date.now() + 90_000;
    for (;;) {
      const found = seen[topic]!.find(wanted);
      if (found) return found;
      if (Date.now() > end) throw new Error(`nothing of the kind among ${seen[topic]!.length} messages on ${topic}`);
      await sleep(50);
    }
  }

  it("publishes a result for every sample, first while it learns", async () => {
    const first = await arrives("anomaly", () => true);
    assert.equal(first["state"], "learning");
    assert.equal(first["alarm"], false);
  });

  it("learns from the live samples and then publishes scores", async () => {
    const learned = await arrives("events", (e) => e["type"] === "learned");
    assert.equal(learned["promoted"], true);
    const scored = await arrives("anomaly", (r) => r["state"] === "watching" && typeof r["score"] === "number");
    const contributions = Object.values(scored["contributions"] as Record<string, number>);
    assert.equal(contributions.length, 3);
    assert.ok(Math.abs(contributions.reduce((a, b) => a + b, 0) - (scored["score"] as number)) < 1e-6);
  });

  it("publishes an alarm that names the signal of a jam", async () => {
    await red.inject(example.id("A parcel jams"));
    const alarm = await arrives("events", (e) => e["type"] === "alarm-start");
    const top = (alarm["top"] as Top[])[0]!;
    assert.ok(["speed", "current"].includes(top.signal), top.signal);
    assert.ok(top.unit === "m/s" || top.unit === "A");
    await arrives("anomaly", (r) => r["alarm"] === true && r["alarmId"] === alarm["id"]);
  });

  it("publishes the end of the alarm when the conveyor runs free", async () => {
    await red.inject(example.id("Normal again"));
    await arrives("events", (e) => e["type"] === "alarm-end");
    assert.doesNotMatch(red.log(), /\[error\]/);
  });
});
