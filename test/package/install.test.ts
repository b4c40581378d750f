import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Message } from "../support/probe.ts";
import { type NodeRed, ROOT, startNodeRed } from "../support/node-red.ts";
import { brokenRuntime, installInto, PACK, packTarball, type Tarball } from "../support/pack.ts";

interface NodeSet {
  readonly id: string;
  readonly module: string;
  readonly enabled: boolean;
  readonly types: readonly string[];
  readonly err?: string;
}

const manifest = JSON.parse(await readManifest()) as { "node-red": { nodes: Record<string, string> } };
const LEARN = 200; // samples
const types = Object.keys(manifest["node-red"].nodes);

function readManifest(): Promise<string> {
  return readFile(join(ROOT, "package.json"), "utf8");
}

const at = { z: "tab", x: 100, y: 100 };
const FLOW = [
  { id: "tab", type: "tab", label: "t" },
  { id: "set", type: "millwright-signals", name: "pump", signals: '[{"name":"flow"},{"name":"pressure"}]', periodMs: 0 },
  { id: "detector", type: "millwright-anomaly", ...at, signals: "set", learnFor: LEARN, wires: [["out"], ["events"]] },
  { id: "out", type: "debug", ...at, wires: [] },
  { id: "events", type: "debug", ...at, wires: [] },
];

describe("the package, from its tarball", function () {
  this.timeout(240_000);
  let folder: string;
  let tarball: Tarball;
  let nodeRed: NodeRed | undefined;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "millwright-tarball-"));
    tarball = await packTarball(folder);
  });
  afterEach(async () => {
    await nodeRed?.stop();
    nodeRed = undefined;
  });
  after(() => rm(folder, { recursive: true, force: true }));

  /** Every node set of the pack loads, and the nodes of a small flow start; returns it running. */
  async function loads(userDir: string): Promise<NodeRed> {
    nodeRed = await startNodeRed({ userDir, linkPack: false, flows: FLOW });
    const sets = (await nodeRed.admin("/nodes")) as NodeSet[];
    const ours = sets.filter((set) => set.module === PACK);
    assert.deepEqual(ours.flatMap((set) => set.types).sort(), [...types].sort());
    for (const set of ours) assert.ok(set.enabled && set.err === undefined, `${set.id}: ${String(set.err)}`);
    assert.doesNotMatch(nodeRed.log(), /missing types|\[error\]/i);
    return nodeRed;
  }

  it("holds what a user needs and nothing else", () => {
    const expected = ["package.json", "README.md", "LICENSE", "CHANGELOG.md", ...Object.values(manifest["node-red"].nodes)];
    for (const path of expected) assert.ok(tarball.files.includes(path), path);
    for (const type of types) {
      for (const path of [
        `dist/nodes/${type}.html`,
        `dist/nodes/locales/en-US/${type}.json`,
        `dist/nodes/locales/zh-CN/${type}.json`,
        `dist/nodes/locales/zh-CN/${type}.html`,
      ]) {
        assert.ok(tarball.files.includes(path), path);
      }
    }
    const odd = tarball.files.filter((path) => !/^(dist|examples|docs|resources)\//.test(path) && !expected.includes(path));
    assert.deepEqual(odd, []);
    assert.deepEqual(
      tarball.files.filter((path) => /\.(ts|map)$|^dist\/.*\.mjs$/.test(path)),
      [],
    );
  });

  it("names no path of the machine it was built on", async () => {
    for (const path of tarball.files.filter((file) => file.startsWith("dist/"))) {
      assert.ok(!(await readFile(join(ROOT, path), "utf8")).includes(ROOT), path);
    }
  });

  it("loads in an empty user folder", async () => {
    const userDir = await installInto(tarball, { env: { ONNXRUNTIME_NODE_INSTALL: "skip" } });
    await loads(userDir);
  });

  it("loads, learns and watches without the optional runtime", async () => {
    const userDir = await installInto(tarball, { arguments: ["--omit=optional"] });
    assert.ok(!existsSync(join(userDir, "node_modules", "onnxruntime-node")));
    const running = await loads(userDir);
    await running.watch("out", "events");
    const samples = (n: number): Message[] => Array.from({ length: n }, (_, i) => ({ payload: { flow: 10 + Math.sin(i), pressure: 4 + Math.cos(i * 1.7) } }));
    await running.send("detector", ...samples(LEARN));
    const [learned] = await running.waitFor("events", 1, 60_000, ({ topic }) => topic === "learned");
    assert.match(JSON.stringify(learned), /anomaly-detector/);
    await running.send("detector", ...samples(300));
    const last = (await running.waitFor("out", LEARN + 300, 30_000)).at(-1);
    assert.equal((last?.["anomaly"] as { state: string }).state, "watching");
  });

  it("loads when the optional runtime's install script fails", async () => {
    const userDir = await installInto(tarball, { overrides: { "onnxruntime-node": await brokenRuntime(folder) } });
    assert.ok(!existsSync(join(userDir, "node_modules", "onnxruntime-node")));
    await loads(userDir);
  });
});
