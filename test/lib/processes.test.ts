import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { processArguments, processPath } from "../../lib/processes.ts";
import { ROOT } from "../support/node-red.ts";

const lib = join(ROOT, "lib");
const names = readdirSync(lib, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".child.ts"))
  .map((file) => basename(file, ".child.ts"));

describe("child processes", () => {
  it("have names of their own", () => assert.equal(new Set(names).size, names.length));

  for (const name of names) {
    it(`${name} is found in the sources and in the bundle`, () => {
      assert.ok(processPath(name).endsWith(join("/", `${name}.child.ts`)));
      assert.ok(existsSync(join(ROOT, "dist/processes", `${name}.js`)));
    });

    it(`${name} starts from both and ends with its parent's channel`, async () => {
      for (const [file, execArgv] of [
        [processPath(name), processArguments()],
        [join(ROOT, "dist/processes", `${name}.js`), []],
      ] as const) {
        const child = fork(file, { execArgv: [...execArgv], stdio: "ignore", serialization: "advanced" });
        await once(child, "spawn");
        child.disconnect();
        const [, signal] = (await once(child, "exit")) as [number | null, string | null];
        assert.equal(signal, null);
      }
    }).timeout(30_000);
  }

  it("refuses a name that does not exist", () => {
    assert.throws(() => processPath("nothing"), /no process named nothing/);
  });
});
