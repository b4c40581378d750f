/** What `npm start` and `npm test` need first, with nothing but Node: an install that matches the lock file, and a bundle newer than its sources. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

export const ROOT = resolve(import.meta.dirname, "..");
const MINIMUM = [20, 19];

/** Ends with a message for a person, without a stack trace. */
export function stop(message) {
  console.error(`\n${message}`);
  process.exit(1);
}

export function requireNode() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major < MINIMUM[0] || (major === MINIMUM[0] && minor < MINIMUM[1])) {
    stop(`Millwright needs Node.js ${MINIMUM.join(".")} or newer, this is ${process.versions.node}.`);
  }
}

/** Without npm's warning of the one setting in .npmrc that is not its own: onnxruntime-node's install script reads it. The npm that was called first says it anyway. */
export function withoutKnown(text) {
  return text.replace(/^npm warn Unknown project config "onnxruntime-node-install"\..*(?:\r?\n|$)/gim, "");
}

/** Runs npm of the Node that runs this script, in the project; ends the program when it fails. */
export function npm(args, what) {
  const cli = process.env.npm_execpath;
  const [command, first] = cli ? [process.execPath, [cli]] : ["npm", []];
  const { status, error, stderr } = spawnSync(command, [...first, ...args], {
    cwd: ROOT,
    stdio: ["inherit", "inherit", "pipe"],
    encoding: "utf8",
    maxBuffer: Infinity,
    shell: !cli && process.platform === "win32",
  });
  process.stderr.write(withoutKnown(stderr ?? ""));
  if (status !== 0) stop(`${what} failed${error ? `: ${error.message}` : ""}. The lines above say why.`);
}

const changed = (path) => (existsSync(path) ? statSync(path).mtimeMs : -Infinity);

export function install() {
  if (changed(join(ROOT, "node_modules", ".package-lock.json")) >= changed(join(ROOT, "package-lock.json"))) return;
  console.log("Installing the packages of package-lock.json ...");
  npm(["ci", "--no-audit", "--no-fund"], "npm ci");
}

function newest(folder) {
  if (!existsSync(folder)) return -Infinity;
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files.reduce((latest, file) => Math.max(latest, changed(join(file.parentPath, file.name))), -Infinity);
}

/** Type check and bundle, unless the bundle is newer than everything it is made of. */
export function build() {
  const sources = ["nodes", "lib", "icons"].map((folder) => newest(join(ROOT, folder)));
  const settings = ["build.mjs", "package.json", "tsconfig.json", "tsconfig.editor.json"].map((file) => changed(join(ROOT, file)));
  const stamp = join(ROOT, ".cache", "built");
  if (existsSync(join(ROOT, "dist")) && changed(stamp) >= Math.max(...sources, ...settings)) return;
  console.log("Building ...");
  const started = new Date();
  npm(["run", "--silent", "build"], "The build");
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, "");
  utimesSync(stamp, started, started);
}
