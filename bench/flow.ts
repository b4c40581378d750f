/**
 * What the detector costs in a real Node-RED: source -> detector -> sink against source -> pass-through -> sink in the same process.
 *
 *   npm run bench:flow [-- --out DIR --signals 8,52 --messages 1000000 --method auto --data DIR]      (--data is taken and not used)
 *
 * Prints a table and, as JSON (also DIR/flow.json), for 8 signals, and with the suffix _52 for 52:
 *   added_p50_us, added_p99_us   per message, detector minus pass-through, one message at a time (median of the rounds)
 *   msgs_per_s                   64 messages under way
 *   loop_p99_ms, loop_p99_ms_training   delay of the event loop at 500 messages/s, watching and during a training run
 *   rss_growth_mb                resident memory gained in 1,000,000 messages, after garbage collection
 */
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type NodeRed, PROBE_FOLDER, ROOT, startNodeRed } from "../test/support/node-red.ts";
import { readArguments } from "./lib/arguments.ts";

const LEARN = 5000; // samples
const ROUNDS = 7;
const CLOSED = 10_000; // messages per round
const FLIGHT = 64;
const WARM_UP = 100_000; // messages before memory is taken as the start
const RATE = 500; // messages per second
const STEADY = 10_000; // messages

interface Figures {
  added_p50_us: number;
  added_p99_us: number;
  msgs_per_s: number;
  pass_msgs_per_s: number;
  loop_p99_ms: number;
  loop_p99_ms_training: number;
  training_s: number;
  rss_growth_mb: number;
}

function flow(signals: number, method: string): { id: string; type: string }[] {
  const at = { z: "tab", x: 100, y: 100 };
  const chain = (middle: { id: string; type: string }): { id: string; type: string }[] => [
    { id: `from-${middle.id}`, type: "bench-source", ...at, signals, wires: [[middle.id]] } as { id: string; type: string },
    { ...middle, ...at, wires: [[`to-${middle.id}`], ["events"]] } as { id: string; type: string },
    { id: `to-${middle.id}`, type: "bench-sink", ...at, source: `from-${middle.id}` } as { id: string; type: string },
  ];
  const list = JSON.stringify(Array.from({ length: signals }, (_, i) => ({ name: `s${i + 1}` })));
  return [
    { id: "tab", type: "tab" },
    { id: "set", type: "millwright-signals", signals: list, periodMs: 0 } as { id: string; type: string },
    ...chain({ id: "pass", type: "bench-pass" }),
    ...chain({ id: "detector", type: "millwright-anomaly", signals: "set", learnFor: LEARN, method } as { id: string; type: string }),
    { id: "events", type: "debug", ...at, active: false, wires: [] } as { id: string; type: string },
  ];
}

const quantile = (sorted: readonly number[], q: number): number => sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))]!;
const median = (values: readonly number[]): number =>
  quantile(
    values.toSorted((a, b) => a - b),
    0.5,
  );

async function measure(nodeRed: NodeRed, signals: number, messages: number, method: string): Promise<Figures> {
  const ask = (path: string, body: object): Promise<unknown> =>
    nodeRed.admin(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
  const closed = async (node: string): Promise<readonly number[]> => {
    const { times, scored } = (await ask(`/bench/from-${node}`, { kind: "closed", count: CLOSED })) as { times: number[]; scored: number };
    if (node === "detector" && scored < CLOSED) throw new Error(`only ${scored} of ${CLOSED} messages were scored`);
    return times;
  };
  const open = async (node: string, count: number): Promise<number> =>
    ((await ask(`/bench/from-${node}`, { kind: "open", count, flight: FLIGHT })) as { perSecond: number }).perSecond;
  const steady = async (count: number): Promise<number> =>
    ((await ask("/bench/from-detector", { kind: "steady", count, rate: RATE })) as { loopP99: number }).loopP99;
  const memory = async (): Promise<number> => ((await ask("/bench-memory", {})) as { rss: number }).rss;
  const learned = (): Promise<unknown> => nodeRed.waitFor("events", 1, 600_000, ({ topic }) => topic === "learned");

  await nodeRed.deploy(flow(signals, method));
  await nodeRed.watch("events");
  await open("detector", LEARN);
  const [event] = (await learned()) as [{ payload: { model: { method: string } } }];
  console.log(`${signals} signals, method ${event.payload.model.method}`);
  for (const node of ["pass", "detector"]) await open(node, 20_000);

  const p50: number[] = [];
  const p99: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const without = await closed("pass");
    const withIt = await closed("detector");
    p50.push(quantile(withIt, 0.5) - quantile(without, 0.5));
    p99.push(quantile(withIt, 0.99) - quantile(without, 0.99));
  }
  const loop = await steady(STEADY);

  await open("detector", WARM_UP);
  const before = await memory();
  const perSecond = await open("detector", messages);
  const after = await memory();
  const passPerSecond = await open("pass", 200_000);

  await nodeRed.watch("events");
  const begun = Date.now();
  const training = steady(RATE * 600);
  await nodeRed.send("detector", { command: "train" });
  await learned();
  await ask("/bench/from-detector/stop", {});
  return {
    added_p50_us: median(p50),
    added_p99_us: median(p99),
    msgs_per_s: perSecond,
    pass_msgs_per_s: passPerSecond,
    loop_p99_ms: loop,
    loop_p99_ms_training: await training,
    training_s: (Date.now() - begun) / 1000,
    rss_growth_mb: (after - before) / 2 ** 20,
  };
}

const args = readArguments(["data", "out", "signals", "messages", "method"], []);
if (!existsSync(join(ROOT, "dist/nodes"))) {
  console.error("npm run build first");
  process.exit(2);
}
const figures: Record<string, number> = {};
for (const width of (args.signals ?? "8,52").split(",").map(Number)) {
  const nodeRed = await startNodeRed({ nodeArguments: ["--expose-gc"], settings: { nodesDir: [PROBE_FOLDER, join(import.meta.dirname, "lib/flow-nodes")] } });
  try {
    const result = await measure(nodeRed, width, Number(args.messages ?? 1_000_000), args.method ?? "auto");
    console.table(Object.fromEntries(Object.entries(result).map(([key, value]) => [key, Number((value as number).toPrecision(4))])));
    for (const [key, value] of Object.entries(result)) figures[width === 8 ? key : `${key}_${width}`] = Number((value as number).toPrecision(4));
  } finally {
    await nodeRed.stop();
    await sleep(100);
  }
}
console.log(JSON.stringify(figures));
if (args.out !== undefined) {
  await mkdir(args.out, { recursive: true });
  await writeFile(join(args.out, "flow.json"), `${JSON.stringify(figures, null, 2)}\n`);
}
