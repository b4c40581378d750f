/** `npm test`: installs and builds what is missing, then runs mocha. `npm test -- test/lib/x.test.ts` runs one file. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { build, install, requireNode, ROOT } from "./prepare.mjs";

requireNode();
install();
build();
const mocha = join(ROOT, "node_modules", "mocha", "bin", "mocha.js");
const { status } = spawnSync(process.execPath, [mocha, ...process.argv.slice(2)], { cwd: ROOT, stdio: "inherit" });
process.exit(status ?? 1);
