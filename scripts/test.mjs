/** `npm test`: installs and builds what is missing, then runs mocha. `npm test -- test/lib/x.test.ts` runs one file. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { build, install, requireNode, ROOT } from "./prepare.mjs";

requireNode();
install();
build();
const mocha = join(ROOT, "node_modules", "mocha", "bin", "mocha.js");
const args = process.argv.slice(2);
if (!args.some((arg) => arg.endsWith(".ts"))) args.push("test/**/*.test.ts"); // in .mocharc.json it would be added to every call
const { status } = spawnSync(process.execPath, [mocha, ...args], { cwd: ROOT, stdio: "inherit" });
process.exit(status ?? 1);
