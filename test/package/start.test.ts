import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort, ROOT } from "../support/node-red.ts";

interface Run {
  readonly child: ChildProcess;
  output: string;
}

describe("what npm says", () => {
  it("is passed on but for one warning", async () => {
    const { withoutKnown } = (await import(new URL("../../scripts/prepare.mjs", import.meta.url).href)) as { withoutKnown: (text: string) => string };
    const known = 'npm warn Unknown project config "onnxruntime-node-install". This will stop working in the next major version of npm.';
    const other = 'npm warn Unknown project config "other". This will stop working.\nnpm error code E404\n';
    assert.equal(withoutKnown(`${known}\n${other}`), other);
    assert.equal(withoutKnown(`a\r\n${known}`), "a\r\n");
  });
});

describe("npm start", function () {
  this.timeout(90_000);
  let user: string;
  const runs: Run[] = [];

  function start(...args: string[]): Run {
    const child = spawn(process.execPath, [join(ROOT, "scripts/start.mjs"), "--user", user, ...args], { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"] });
    const run: Run = { child, output: "" };
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text: string) => (run.output += text));
    runs.push(run);
    return run;
  }

  async function ended(run: Run): Promise<number | null> {
    if (run.child.exitCode === null) await once(run.child, "exit");
    return run.child.exitCode;
  }

  beforeEach(async () => {
    user = await mkdtemp(join(tmpdir(), "millwright-start-"));
  });
  afterEach(async () => {
    for (const run of runs.splice(0)) {
      run.child.kill("SIGTERM");
      await ended(run);
    }
    await rm(user, { recursive: true, force: true });
  });

  it("starts the demo, prints both addresses and ends in order", async () => {
    const port = await freePort();
    const run = start("--port", String(port));
    const end = Date.now() + 60_000;
    while (!run.output.includes("Dashboard:") && run.child.exitCode === null && Date.now() < end) await sleep(100);
    assert.match(run.output, new RegExp(`Editor: +http://127\\.0\\.0\\.1:${port}/\\n +Dashboard: +http://127\\.0\\.0\\.1:${port}/dashboard`));
    for (const path of ["/", "/dashboard"]) assert.equal((await fetch(`http://127.0.0.1:${port}${path}`)).status, 200, path);
    assert.equal(await readFile(join(user, "flows.json"), "utf8"), await readFile(join(ROOT, "examples/flows/pump-station.json"), "utf8"));
    assert.doesNotMatch(run.output, /missing types|\[error\]/i);
    run.child.kill("SIGTERM");
    assert.equal(await ended(run), 0);
  });

  it("says that the port is taken, before it does anything else", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as { port: number };
    const run = start("--port", String(port));
    assert.equal(await ended(run), 1);
    assert.equal(run.output.trim(), `Port ${port} is already in use (another Node-RED?). Choose another one: npm start -- --port ${port + 1}`);
    assert.ok(!existsSync(join(user, "settings.js")));
    server.close();
  });

  for (const args of [
    ["--port", "x"],
    ["--port", "70000"],
    ["--prot", "1880"],
  ]) {
    it(`refuses ${args.join(" ")}`, async () => {
      const run = start(...args);
      assert.equal(await ended(run), 1);
      assert.match(run.output, /--port must be an integer in 1\.\.65535|Usage: npm start/);
    });
  }
});
