import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SampleChunk } from "../../../../lib/detect/buffer.ts";
import { Keeper } from "../../../../lib/detect/station/keeper.ts";
import { realFiles, type FileSystem } from "../../../../lib/models/files.ts";

const chunk = (value: number, rows = 512, cols = 4): SampleChunk => ({
  rows: new Float64Array(rows * cols).fill(value),
  times: Float64Array.from({ length: rows }, (_, i) => value * 1000 + i),
});

describe("detect/station/keeper", () => {
  let folder = "";
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "mw-keeper-"));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });
  const rowsFiles = async (): Promise<string[]> => (await readdir(folder)).filter((f) => f.endsWith(".rows"));

  it("nothing saved: nothing loaded", async () => {
    assert.equal(await new Keeper(join(folder, "deeper"), "a").load(), undefined);
  });

  it("brings back the value and the chunks, also in another process's keeper", async () => {
    const chunks = [chunk(1), chunk(2), chunk(3, 17)];
    await new Keeper(folder, "a").save({ value: { x: 1 }, chunks });
    assert.deepEqual(await new Keeper(folder, "a").load(), { value: { x: 1 }, chunks });
  });

  it("writes a sealed chunk once: later saves only append", async () => {
    const keeper = new Keeper(folder, "a");
    const chunks = [chunk(1), chunk(2), chunk(3, 17)];
    await keeper.save({ value: 1, chunks });
    const [file] = await rowsFiles();
    const before = await stat(join(folder, file!));
    await keeper.save({ value: 2, chunks: [...chunks.slice(0, 2), chunk(3, 100)] });
    assert.equal((await stat(join(folder, file!))).mtimeMs, before.mtimeMs);
    await keeper.save({ value: 3, chunks: [...chunks.slice(0, 2), chunk(3), chunk(4, 1)] });
    assert.ok((await stat(join(folder, file!))).size > before.size);
    const again = new Keeper(folder, "a");
    assert.deepEqual(await again.load(), { value: 3, chunks: [...chunks.slice(0, 2), chunk(3), chunk(4, 1)] });
  });

  it("goes on appending after a restart", async () => {
    await new Keeper(folder, "a").save({ value: 1, chunks: [chunk(1), chunk(2, 5)] });
    const keeper = new Keeper(folder, "a");
    const { chunks } = (await keeper.load())!;
    await keeper.save({ value: 2, chunks: [chunks[0]!, chunk(2), chunk(3, 1)] });
    assert.deepEqual(await new Keeper(folder, "a").load(), { value: 2, chunks: [chunk(1), chunk(2), chunk(3, 1)] });
  });

  it("starts a new file when most of the old one is unused, and removes the old one", async () => {
    const keeper = new Keeper(folder, "a");
    let last: SampleChunk[] = [];
    for (let i = 0; i < 30; i++) {
      last = [chunk(i, 8192), chunk(i + 0.5, 3)]; // a ring of one sealed chunk: all earlier ones are unused
      await keeper.save({ value: i, chunks: last });
    }
    assert.equal((await rowsFiles()).length, 1);
    const size = (await stat(join(folder, (await rowsFiles())[0]!))).size;
    assert.ok(size < 12 * 8 * 8192 * 5 * 2, `${size}`);
    assert.deepEqual(await new Keeper(folder, "a").load(), { value: 29, chunks: last });
  });

  it("what was appended after the last complete save is not seen (kill -9 between the two writes)", async () => {
    await new Keeper(folder, "a").save({ value: 1, chunks: [chunk(1), chunk(2, 5)] });
    const [file] = await rowsFiles();
    const bytes = await readFile(join(folder, file!));
    await writeFile(join(folder, file!), Buffer.concat([bytes, Buffer.alloc(1234, 7)]));
    const keeper = new Keeper(folder, "a");
    assert.deepEqual(await keeper.load(), { value: 1, chunks: [chunk(1), chunk(2, 5)] });
    await keeper.save({ value: 2, chunks: [chunk(1), chunk(2), chunk(3, 1)] });
    assert.deepEqual(await new Keeper(folder, "a").load(), { value: 2, chunks: [chunk(1), chunk(2), chunk(3, 1)] });
  });

  const damage: Readonly<Record<string, (state: string, rows: string) => Promise<void>>> = {
    "a truncated state file": async (state) => truncate(state, 100),
    "an empty state file": async (state) => truncate(state, 0),
    "a changed byte": async (state) => {
      const bytes = await readFile(state);
      bytes[60]! ^= 1;
      await writeFile(state, bytes);
    },
    "a truncated file of rows": async (_, rows) => truncate(rows, 64),
    "a missing file of rows": async (_, rows) => rm(rows),
    "something else": async (state) => writeFile(state, "hello"),
  };
  for (const [what, act] of Object.entries(damage)) {
    it(`refuses ${what} with a coded error, and can save again`, async () => {
      await new Keeper(folder, "a").save({ value: 1, chunks: [chunk(1), chunk(2, 5)] });
      await act(join(folder, "a.state"), join(folder, (await rowsFiles())[0]!));
      const keeper = new Keeper(folder, "a");
      await assert.rejects(keeper.load(), { code: "MW_STATE_DAMAGED" });
      await keeper.save({ value: 2, chunks: [chunk(1), chunk(2, 5)] });
      assert.deepEqual(await new Keeper(folder, "a").load(), { value: 2, chunks: [chunk(1), chunk(2, 5)] });
    });
  }

  it("a full disk: a coded error, the old state stays, the next save is complete", async () => {
    let full = false;
    const fs: FileSystem = {
      ...realFiles,
      open: (async (path: string, flags: string) => {
        if (full && flags !== "r") throw Object.assign(new Error("no space"), { code: "ENOSPC", path });
        return realFiles.open(path, flags);
      }) as FileSystem["open"],
    };
    const keeper = new Keeper(folder, "a", fs);
    const first = [chunk(1), chunk(2, 5)];
    await keeper.save({ value: 1, chunks: first });
    full = true;
    const second = [first[0]!, chunk(2), chunk(3, 5)];
    await assert.rejects(keeper.save({ value: 2, chunks: second }), { code: "MW_STORE_FULL" });
    assert.deepEqual(await new Keeper(folder, "a").load(), { value: 1, chunks: first });
    full = false;
    await keeper.save({ value: 3, chunks: second });
    assert.deepEqual(await new Keeper(folder, "a").load(), { value: 3, chunks: second });
  });

  it("remove leaves nothing", async () => {
    const keeper = new Keeper(folder, "a");
    await new Keeper(folder, "ab").save({ value: 1, chunks: [chunk(1), chunk(1)] });
    await keeper.save({ value: 1, chunks: [chunk(1), chunk(2, 5)] });
    await keeper.remove();
    assert.deepEqual(
      (await readdir(folder)).filter((f) => !f.startsWith("ab.")),
      [],
    );
    assert.notEqual(await new Keeper(folder, "ab").load(), undefined);
  });
});
