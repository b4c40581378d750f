/** An MQTT broker on a free port of this machine, and both ends of it for a test. */
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { Aedes, type AedesPublishPacket } from "aedes";

export interface Broker {
  readonly port: number;
  readonly url: string;
  /** Publishes `payload`: text and buffers as they are, anything else as JSON. */
  publish: (topic: string, payload: unknown) => Promise<void>;
  /** Payloads seen on `topic` so far, as text. */
  seen: (topic: string) => string[];
  waitFor: (topic: string, count?: number, timeoutMs?: number) => Promise<string[]>;
  /** Waits until `count` clients are connected. */
  clients: (count: number, timeoutMs?: number) => Promise<void>;
  stop: () => Promise<void>;
}

async function until(done: () => boolean, what: string, timeoutMs: number): Promise<void> {
  const end = Date.now() + timeoutMs;
  while (!done()) {
    if (Date.now() > end) throw new Error(`${what} did not happen within ${timeoutMs} ms`);
    await sleep(20);
  }
}

export async function startBroker(port = 0): Promise<Broker> {
  const aedes = await Aedes.createBroker();
  const server = createServer((socket) => aedes.handle(socket)).listen(port, "127.0.0.1");
  await once(server, "listening");
  const { port: bound } = server.address() as AddressInfo;
  const log = new Map<string, string[]>();
  aedes.on("publish", (packet: AedesPublishPacket) => {
    const list = log.get(packet.topic) ?? [];
    list.push(packet.payload.toString());
    log.set(packet.topic, list);
  });
  const seen = (topic: string): string[] => log.get(topic) ?? [];
  return {
    port: bound,
    url: `mqtt://127.0.0.1:${bound}`,
    publish: (topic, payload) =>
      new Promise((resolve, reject) => {
        const body = typeof payload === "string" || Buffer.isBuffer(payload) ? payload : JSON.stringify(payload);
        aedes.publish({ cmd: "publish", topic, payload: body, qos: 0, retain: false, dup: false }, (error) => {
          if (error) reject(error);
          else resolve();
        });
      }),
    seen,
    waitFor: async (topic, count = 1, timeoutMs = 15_000) => {
      await until(() => seen(topic).length >= count, `message ${count} on ${topic}`, timeoutMs);
      return seen(topic);
    },
    clients: (count, timeoutMs = 15_000) => until(() => aedes.connectedClients >= count, `client ${count}`, timeoutMs),
    stop: () =>
      new Promise((resolve) => {
        aedes.close(() => server.close(() => resolve()));
      }),
  };
}
