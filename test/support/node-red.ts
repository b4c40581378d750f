/**
 * Starts a real Node-RED in its own process, with a fresh user folder and the built pack linked into it.
 * The version under test: NODE_RED_PATH (folder of the package node-red; default the development dependency), run by this process's Node.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Probe } from "./probe.ts";

export const ROOT = resolve(import.meta.dirname, "../..");
export const NODE_RED_PATH = resolve(process.env["NODE_RED_PATH"] ?? dirname(createRequire(import.meta.url).resolve("node-red/package.json")));
export const PROBE_FOLDER = join(import.meta.dirname, "probe");

export type FlowNode = Readonly<Record<string, unknown>> & { readonly id: string; readonly type: string };

export interface StartOptions {
  readonly flows?: readonly FlowNode[];
  /** Go on with this user folder (of a Node-RED that was stopped with `keep` or killed) instead of a fresh one. */
  readonly userDir?: string;
  /** Packages of this repository's node_modules to link, e.g. "@flowfuse/node-red-dashboard". */
  readonly link?: readonly string[];
  /** False: this pack is not linked (it is installed into `userDir` by other means). */
  readonly linkPack?: boolean;
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
  /** Folder of the package node-red, and the Node binary that runs it. */
  readonly nodeRed?: string;
  readonly node?: string;
  readonly nodeArguments?: readonly string[];
}

const running = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

export class NodeRed extends Probe {
  readonly userDir: string;
  readonly #child: ChildProcess;
  #log = "";

  constructor(url: string, userDir: string, child: ChildProcess) {
    super(url);
    this.userDir = userDir;
    this.#child = child;
    running.add(child);
    child.once("exit", () => running.delete(child));
    for (const stream of [child.stdout, child.stderr]) stream?.setEncoding("utf8").on("data", (text: string) => (this.#log += text));
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** False once the process has ended, however it did. */
  get alive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Everything it printed so far. */
  log(): string {
    return this.#log;
  }

  /** Waits until `pattern` is in the log (from character `from` on). */
  async waitForLog(pattern: RegExp, from = 0, timeoutMs = 30_000): Promise<void> {
    const end = Date.now() + timeoutMs;
    while (!pattern.test(this.#log.slice(from))) {
      if (!this.alive) throw new Error(`Node-RED ended:\n${this.#log}`);
      if (Date.now() > end) throw new Error(`no ${pattern.source} within ${timeoutMs} ms in:\n${this.#log.slice(from)}`);
      await sleep(20);
    }
  }

  /** Deploys `flows` and waits until they run. */
  async deploy(flows: readonly FlowNode[], type: "full" | "nodes" | "flows" = "full"): Promise<void> {
    const from = this.#log.length;
    const response = await fetch(`${this.url}/flows`, {
      method: "POST",
      headers: { "content-type": "application/json", "node-red-deployment-type": type },
      body: JSON.stringify(flows),
    });
    if (!response.ok) throw new Error(`deploy: ${response.status} ${await response.text()}`);
    await this.waitForLog(/Started (modified )?(flows|nodes)/, from);
  }

  async #ended(timeoutMs: number): Promise<boolean> {
    if (!this.alive) return true;
    return Promise.race([once(this.#child, "exit").then(() => true), sleep(timeoutMs, false, { ref: false })]);
  }

  /** kill -9; the user folder stays, for `startNodeRed({ userDir })`. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#ended(10_000);
  }

  /** Orderly stop. The user folder is removed unless `keep`. */
  async stop(keep = false): Promise<void> {
    this.#child.kill("SIGTERM");
    if (!(await this.#ended(20_000))) await this.kill();
    if (!keep) await rm(this.userDir, { recursive: true, force: true });
  }
}

const SETTINGS = {
  lang: "en-US",
  credentialSecret: false,
  flowFile: "flows.json",
  telemetry: { enabled: false, updateNotification: false },
  editorTheme: { tours: false, projects: { enabled: false } },
  nodesDir: [PROBE_FOLDER],
};

async function prepare(userDir: string, options: StartOptions): Promise<void> {
  const modules = join(userDir, "node_modules");
  const dependencies: Record<string, string> = {};
  const linked = [...(options.linkPack === false ? [] : ["@millwright/node-red-ai"]), ...(options.link ?? [])];
  for (const name of linked) {
    dependencies[name] = "*";
    const place = join(modules, name);
    if (existsSync(place)) continue;
    await mkdir(dirname(place), { recursive: true });
    await symlink(name === "@millwright/node-red-ai" ? ROOT : join(ROOT, "node_modules", name), place, "dir");
  }
  if (!existsSync(join(userDir, "package.json"))) await writeFile(join(userDir, "package.json"), JSON.stringify({ name: "test", private: true, dependencies }));
  if (options.flows !== undefined) await writeFile(join(userDir, "flows.json"), JSON.stringify(options.flows));
}

/** Starts Node-RED and waits until its flows run. Stop it in an `after` hook. */
export async function startNodeRed(options: StartOptions = {}): Promise<NodeRed> {
  const userDir = options.userDir ?? (await mkdtemp(join(tmpdir(), "millwright-test-")));
  const port = await freePort();
  await prepare(userDir, options);
  await writeFile(
    join(userDir, "settings.js"),
    `module.exports = ${JSON.stringify({ ...SETTINGS, uiHost: "127.0.0.1", uiPort: port, ...options.settings })};\n`,
  );
  const child = spawn(
    options.node ?? process.execPath,
    [...(options.nodeArguments ?? []), join(options.nodeRed ?? NODE_RED_PATH, "red.js"), "--userDir", userDir],
    {
      cwd: userDir,
      env: { ...process.env, NODE_OPTIONS: "", ...options.env },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  const nodeRed = new NodeRed(`http://127.0.0.1:${port}`, userDir, child);
  await nodeRed.waitForLog(/Started flows/, 0, 60_000).catch(async (error: unknown) => {
    await nodeRed.kill();
    throw error;
  });
  await nodeRed.ready();
  return nodeRed;
}
