/** The package as npm would publish it, and its installation into an empty Node-RED user folder. */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { ROOT } from "./node-red.ts";

const run = promisify(execFile);

export const PACK = "@millwright/node-red-ai";

export interface Tarball {
  readonly path: string;
  /** What it contains, relative to the package. */
  readonly files: readonly string[];
}

/** `npm pack` of the working tree (which must be built) into `folder`. */
export async function packTarball(folder: string): Promise<Tarball> {
  const { stdout } = await run("npm", ["pack", "--ignore-scripts", "--json", "--loglevel=error", "--pack-destination", folder], {
    cwd: ROOT,
    maxBuffer: 1 << 24,
  });
  const packed = JSON.parse(stdout) as { filename: string; files: { path: string }[] }[];
  return { path: join(folder, basename(packed[0]!.filename)), files: packed[0]!.files.map((file) => file.path) };
}

export interface InstallOptions {
  readonly arguments?: readonly string[];
  /** npm `overrides` of the user folder. */
  readonly overrides?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
}

/** An empty user folder with the tarball installed the way the Palette Manager does it. */
export async function installInto(tarball: Tarball, options: InstallOptions = {}): Promise<string> {
  const userDir = await mkdtemp(join(tmpdir(), "millwright-pack-"));
  await writeFile(join(userDir, "package.json"), JSON.stringify({ name: "user", private: true, overrides: options.overrides ?? {} }));
  const args = ["install", "--no-audit", "--no-fund", "--no-update-notifier", "--save", "--save-prefix=~", "--omit=dev", "--engine-strict"];
  await run("npm", [...args, ...(options.arguments ?? []), tarball.path], { cwd: userDir, env: { ...process.env, ...options.env }, maxBuffer: 1 << 24 });
  return userDir;
}

/** A package in place of onnxruntime-node whose install script fails, as the real one's does where its download host is not reachable. */
export async function brokenRuntime(folder: string): Promise<string> {
  const place = join(folder, "broken-runtime");
  await mkdir(place, { recursive: true });
  const scripts = { postinstall: "node -e 'process.exit(1)'" };
  await writeFile(join(place, "package.json"), JSON.stringify({ name: "onnxruntime-node", version: "1.30.0", scripts }));
  return `file:${place}`;
}
