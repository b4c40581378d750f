import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { ROOT } from "../support/node-red.ts";

const run = promisify(execFile);

type Scorecard = Record<string, { test?: boolean; versions?: string[]; nodes?: string[] }>;

describe("node-red-dev validate", function () {
  this.timeout(180_000);
  let card: Scorecard;

  before(async () => {
    const { stdout } = await run(process.execPath, [join(ROOT, "scripts/toolchain.mjs"), "node-red-dev", "0.1.6"], { cwd: ROOT });
    const tool = stdout.trim();
    const folder = await mkdtemp(join(tmpdir(), "millwright-validate-"));
    const output = join(folder, "card.json");
    const stub = join(import.meta.dirname, "../support/catalogue.cjs");
    const env = { ...process.env, NODE_RED_DEV_ENTRY: join(tool, "package.json") };
    await run(process.execPath, ["--require", stub, join(tool, "bin/run"), "validate", "--path", ROOT, "--output", output], { env });
    card = JSON.parse(await readFile(output, "utf8")) as Scorecard;
    await rm(folder, { recursive: true, force: true });
  });

  for (const check of ["P01", "P03", "P04", "P05", "P06", "P07", "P08", "N01", "N02", "D01", "D02", "D03"]) {
    it(`passes ${check}`, () => assert.equal(card[check]?.test, true, JSON.stringify(card[check])));
  }

  it("covers Node-RED 4.1 and 5", () => assert.deepEqual(card["P06"]?.versions, ["5.0.7", "4.1.15"]));
  it("finds every palette node in an example", async () => {
    const manifest = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8")) as { "node-red": { nodes: Record<string, string> } };
    const config = ["millwright-signals"];
    assert.deepEqual(
      card["N02"]?.nodes?.toSorted(),
      Object.keys(manifest["node-red"].nodes)
        .filter((type) => !config.includes(type))
        .sort(),
    );
  });
});
