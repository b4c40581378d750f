/**
 * Tools of other versions than the locked ones, from the npm registry into .cache/ (ignored by git): `node scripts/toolchain.mjs node 24`,
 * `... node-red 5` or `... node-red-dev 0.1.6` installs it where it is missing and prints its path (the binary, or the package folder).
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT, stop } from "./prepare.mjs";

/** Installs `name@version` into a folder of its own and returns the folder of the package. */
export function cached(name, version) {
  const folder = join(ROOT, ".cache", `${name}-${version}`);
  const path = join(folder, "node_modules", name);
  if (existsSync(join(folder, "complete"))) return path;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "cached", private: true }));
  execFileSync("npm", ["install", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error", `${name}@${version}`], {
    cwd: folder,
    stdio: ["ignore", process.stderr, "inherit"],
    shell: process.platform === "win32",
  });
  writeFileSync(join(folder, "complete"), "");
  return path;
}

/** The binary of Node.js `major`: the one running when it is that version. */
export function nodeBinary(major) {
  if (process.versions.node.startsWith(`${major}.`)) return process.execPath;
  const windows = process.platform === "win32";
  return join(cached(`node-${windows ? "win" : process.platform}-${process.arch}`, major), "bin", windows ? "node.exe" : "node");
}

const PACKAGES = ["node-red", "node-red-dev"];

if (process.argv[1] === import.meta.filename) {
  const [, , what, version = ""] = process.argv;
  if (!/^\d+(\.\d+)*$/.test(version) || (what !== "node" && !PACKAGES.includes(what)))
    stop(`Usage: node scripts/toolchain.mjs node|${PACKAGES.join("|")} VERSION`);
  console.log(what === "node" ? nodeBinary(version) : cached(what, version));
}
