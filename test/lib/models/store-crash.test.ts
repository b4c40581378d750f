import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { readdir } from "node:fs/promises";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { readState } from "../../../lib/models/state.ts";
import { ModelStore } from "../../../lib/models/store.ts";
import { inFolder } from "./support.ts";

/** The child as one plain file, so that it starts quickly. */
async function bundle(folder: string): Promise<string> {
  const outfile = path.join(folder, "child.mjs");
  const entry = fileURLToPath(new URL("store-child.ts", import.meta.url));
  await build({ entryPoints: [entry], outfile, bundle: true, platform: "node", format: "esm", logLevel: "error" });
  return outfile;
}

interface Child {
  readonly process: ChildProcess;
  readonly done: number[];
}

function start(file: string, root: string): Child {
  const child = spawn(process.execPath, [file, root, "pump"], { stdio: ["ignore", "pipe", "inherit"] });
  const done: number[] = [];
  let rest = "";
  child.stdout.on("data", (chunk: Buffer) => {
    const lines = (rest + chunk.toString()).split("\n");
    rest = lines.pop() ?? "";
    done.push(...lines.map(Number));
  });
  return { process: child, done };
}

async function kill({ process: child }: Child): Promise<void> {
  child.kill("SIGKILL");
  await once(child, "close");
}

function proven(bytes: Uint8Array): void {
  assert.equal(Buffer.from(bytes.subarray(-32)).toString("hex"), createHash("sha256").update(bytes.subarray(0, -32)).digest("hex"));
}

/** Every version that is there is whole, and so are the active one, with nothing to report, and the state. */
async function check(root: string, done: readonly number[]): Promise<void> {
  const store = new ModelStore(root);
  const versions = await store.versions("pump");
  for (const { version } of versions) {
    proven((await store.read("pump", version)).bytes);
  }
  const state = await readState(path.join(root, "..", "pump.state"));
  if (state !== undefined) proven(state);
  assert.ok(state !== undefined || done.length === 0, "a state that was written is gone");
  if (done.length === 0 && versions.length === 0) return;
  const { damaged, version } = await store.read("pump");
  assert.deepEqual(damaged, []);
  assert.equal(versions.find((v) => v.active)?.version, version);
  assert.ok((versions.at(-1)?.version ?? 0) >= (done.at(-1) ?? 0), "a version that was written is gone");
}

describe("model store and kill -9", function () {
  this.timeout(120_000);

  it("is whole after a writer is killed at 60 random moments", () =>
    inFolder(async (folder) => {
      const file = await bundle(folder);
      const root = path.join(folder, "models");
      let writes = 0;
      for (let i = 0; i < 60; i++) {
        const child = start(file, root);
        if (i % 4 > 0) while (child.done.length === 0 && child.process.exitCode === null) await delay(2);
        await delay(Math.random() * (i % 4 > 0 ? 40 : 80));
        await kill(child);
        writes += child.done.length;
        await check(root, child.done);
      }
      assert.ok(writes > 60, `only ${writes} writes were tried`);
    }));

  it("is whole while three processes write to one model and are killed", () =>
    inFolder(async (folder) => {
      const file = await bundle(folder);
      const root = path.join(folder, "models");
      for (let i = 0; i < 8; i++) {
        const children = [start(file, root), start(file, root), start(file, root)];
        while (children.some((c) => c.done.length === 0 && c.process.exitCode === null)) await delay(2);
        await delay(Math.random() * 100);
        await Promise.all(children.map(kill));
        const done = children.flatMap((c) => c.done).sort((a, b) => a - b);
        assert.equal(new Set(done).size, done.length, "two writers were given one version number");
        await check(root, []);
      }
    }));

  it("removes what dead writers left, once it is old", () =>
    inFolder(async (folder) => {
      const root = path.join(folder, "models");
      const { mkdir, utimes, writeFile } = await import("node:fs/promises");
      const left = path.join(root, "pump", ".new-left"),
        recent = path.join(root, "pump", ".new-recent");
      for (const d of [left, recent]) {
        await mkdir(d, { recursive: true });
        await writeFile(path.join(d, "model.onnx"), "x");
      }
      const hours = new Date(Date.now() - 7_200_000);
      await utimes(left, hours, hours);
      await new ModelStore(root).write("pump", new Uint8Array(3), { promote: true });
      assert.deepEqual((await readdir(path.join(root, "pump"))).sort(), [".new-recent", "1"]);
    }));
});
