/** Where the entry files of Millwright's own child processes are, in the source tree (run through tsx) and in the published bundle. */
import { existsSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const here = fileURLToPath(import.meta.url);
const fromSource = here.endsWith(".ts");

/** The file to fork for the process `name`: `lib/**\/<name>.child.ts`, or `dist/processes/<name>.js` once bundled. */
export function processPath(name: string): string {
  const path = fromSource ? sourcePath(name) : join(dirname(here), "..", "processes", `${name}.js`);
  if (path === undefined || !existsSync(path)) throw new Error(`no process named ${name}`);
  return path;
}

/** `execArgv` to fork it with: set it always, so that a debugger port or memory limit of Node-RED is not inherited. */
export function processArguments(): string[] {
  return fromSource ? ["--import", pathToFileURL(createRequire(here).resolve("tsx")).href] : [];
}

function sourcePath(name: string): string | undefined {
  const lib = dirname(here);
  const file = readdirSync(lib, { recursive: true, encoding: "utf8" }).find((f) => basename(f) === `${name}.child.ts`);
  return file === undefined ? undefined : join(lib, file);
}
