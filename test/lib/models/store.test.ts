import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import fc from "fast-check";
import { MillwrightError, type ErrorCode } from "../../../lib/errors.ts";
import { ModelStore } from "../../../lib/models/store.ts";
import { readState, removeState, writeState } from "../../../lib/models/state.ts";
import { failingAt, inFolder, someBytes } from "./support.ts";

const coded =
  (code: ErrorCode, message = /./) =>
  (error: unknown): boolean =>
    error instanceof MillwrightError && error.code === code && message.test(error.message);
const PROMOTE = { promote: true };
const CANDIDATE = { promote: false };

describe("model store", () => {
  it("gives back what was written, with its version and SHA-256", () =>
    inFolder(async (root) => {
      const store = new ModelStore(root);
      const bytes = someBytes(700_000);
      const written = await store.write("泵站 3", bytes, PROMOTE);
      assert.deepEqual(written, { version: 1, sha256: createHash("sha256").update(bytes).digest("hex") });
      const read = await store.read("泵站 3");
      assert.deepEqual({ ...read, bytes: Uint8Array.from(read.bytes) }, { ...written, bytes, damaged: [] });
      assert.deepEqual(await store.names(), ["泵站 3"]);
      assert.deepEqual(await readdir(path.join(root, "泵站 3", "1")), ["manifest.json", "model.onnx"]);
    }));

  it("promotes, rolls back and removes; numbers are not used again", () =>
    inFolder(async (root) => {
      const store = new ModelStore(root);
      const active = async (): Promise<number> => (await store.read("m")).version;
      for (let i = 0; i < 3; i++) await store.write("m", someBytes(10), PROMOTE);
      await store.write("m", someBytes(10), CANDIDATE);
      assert.equal(await active(), 3);
      await store.promote("m", 4);
      assert.equal(await active(), 4);
      assert.deepEqual([await store.rollback("m"), await store.rollback("m"), await active()], [3, 2, 2]);
      assert.deepEqual((await store.versions("m")).map((v) => [v.version, v.active]), [[1, false], [2, true], [3, false], [4, false]]); // prettier-ignore
      await store.remove("m", 2);
      assert.equal(await active(), 1);
      await assert.rejects(store.rollback("m"), coded("MW_MODEL_NOT_FOUND", /the model m has no version to roll back to/));
      await store.remove("m", 4);
      assert.equal((await store.write("m", someBytes(10), PROMOTE)).version, 5);
      assert.equal(await active(), 5);
      assert.equal(await store.rollback("m"), 1);
      await store.remove("m", 1);
      await assert.rejects(store.read("m"), coded("MW_MODEL_NOT_FOUND"));
      await store.remove("m");
      assert.deepEqual(await readdir(root), []);
      await store.remove("m");
    }));

  it("prunes old versions but neither the active one nor the one to roll back to", () =>
    inFolder(async (root) => {
      const store = new ModelStore(root);
      for (let i = 0; i < 6; i++) await store.write("m", someBytes(10), PROMOTE);
      await store.promote("m", 2);
      await store.prune("m", 3);
      assert.deepEqual(
        (await store.versions("m")).map((v) => v.version),
        [2, 5, 6],
      );
      assert.equal(await store.rollback("m"), 6);
    }));

  it("prunes no version that is pinned", () =>
    inFolder(async (root) => {
      const store = new ModelStore(root);
      for (let i = 0; i < 6; i++) await store.write("m", someBytes(10), PROMOTE);
      await store.prune("m", 3, [1, 4]);
      assert.deepEqual(
        (await store.versions("m")).map((v) => v.version),
        [1, 4, 5, 6],
      );
    }));

  it("refuses names that a file system could take for something else", () =>
    inFolder(async (root) => {
      const store = new ModelStore(path.join(root, "inner"));
      const bad = [
        "",
        ".",
        "..",
        "../x",
        "a/b",
        "a\\b",
        "/etc",
        "C:x",
        "nul",
        "COM1.x",
        "x.",
        "x ",
        ".hidden",
        "a\0b",
        "a\nb",
        "a:b",
        "a*",
        "x".repeat(121),
        "ü".repeat(61),
      ];
      for (const name of bad) await assert.rejects(store.write(name, new Uint8Array(1), PROMOTE), coded("MW_MODEL_NAME"), JSON.stringify(name));
      await assert.rejects(store.read(5 as unknown as string), coded("MW_MODEL_NAME"));
      for (const name of ["anomaly-1a2b3c.4d", "Pumpe 3 Süd", "泵_站"]) await store.write(name, new Uint8Array(1), PROMOTE);
      await fc.assert(
        fc.asyncProperty(fc.string({ unit: "binary", maxLength: 12 }), async (name) => {
          await store.versions(name).catch((error: unknown) => assert.ok(coded("MW_MODEL_NAME")(error), String(error)));
        }),
      );
      assert.deepEqual(await readdir(root), ["inner"]);
    }));

  it("says that there is no model, or none in use", () =>
    inFolder(async (root) => {
      const store = new ModelStore(root);
      await assert.rejects(store.read("m"), coded("MW_MODEL_NOT_FOUND", /the model m has no version in use/));
      await store.write("m", new Uint8Array(1), CANDIDATE);
      await assert.rejects(store.read("m"), coded("MW_MODEL_NOT_FOUND"));
      await assert.rejects(store.read("m", 2), coded("MW_MODEL_NOT_FOUND", /no version 2/));
      await assert.rejects(store.promote("m", 2), coded("MW_MODEL_NOT_FOUND"));
      assert.deepEqual(await store.versions("other"), []);
    }));

  describe("with a damaged file", () => {
    const damages: readonly [string, (root: string) => Promise<void>, RegExp][] = [
      [
        "a changed byte",
        async (root) => writeFile(path.join(root, "m/2/model.onnx"), someBytes(5000)),
        /version 2 of the model m is damaged: model\.onnx does not match its SHA-256/,
      ],
      ["a missing model file", (root) => rm(path.join(root, "m/2/model.onnx")), /a file is missing/],
      ["a missing manifest", (root) => rm(path.join(root, "m/2/manifest.json")), /a file is missing/],
      ["an empty manifest", (root) => truncate(path.join(root, "m/2/manifest.json"), 0), /manifest\.json is not readable/],
      ["a manifest of something else", (root) => writeFile(path.join(root, "m/2/manifest.json"), '{"sha256": 5}'), /manifest\.json is not readable/],
      ["a manifest that is null", (root) => writeFile(path.join(root, "m/2/manifest.json"), "null"), /manifest\.json is not readable/],
    ];
    for (const [what, damage, message] of damages)
      it(`uses the last good version and says so: ${what}`, () =>
        inFolder(async (root) => {
          const store = new ModelStore(root);
          const good = someBytes(5000);
          await store.write("m", good, PROMOTE);
          await store.write("m", someBytes(5000), PROMOTE);
          await damage(root);
          const { version, bytes, damaged } = await store.read("m");
          assert.equal(version, 1);
          assert.deepEqual(Uint8Array.from(bytes), good);
          assert.equal(damaged.length, 1);
          assert.ok(coded("MW_MODEL_DAMAGED", message)(damaged[0]), damaged[0]?.message);
          await assert.rejects(store.read("m", 2), coded("MW_MODEL_DAMAGED", message));
          await assert.rejects(store.promote("m", 2), coded("MW_MODEL_DAMAGED"));
          assert.equal((await store.write("m", good, PROMOTE)).version, 3);
          assert.deepEqual((await store.read("m")).damaged, []);
        }));

    it("refuses when no version is good", () =>
      inFolder(async (root) => {
        const store = new ModelStore(root);
        await store.write("m", someBytes(50), PROMOTE);
        await truncate(path.join(root, "m/1/model.onnx"), 49);
        await assert.rejects(store.read("m"), coded("MW_MODEL_DAMAGED"));
      }));

    it("never gives anything but a version that was written, whatever is cut off", () =>
      inFolder(async (root) => {
        const store = new ModelStore(root);
        const written = [someBytes(300), someBytes(300), someBytes(300)];
        for (const bytes of written) await store.write("m", bytes, PROMOTE);
        await store.promote("m", 2);
        for (const file of ["m/2/model.onnx", "m/2/manifest.json", "m/active.json"]) {
          const whole = await readFile(path.join(root, file));
          for (let n = 0; n <= whole.length; n++) {
            await writeFile(path.join(root, file), whole.subarray(0, n));
            const { version, bytes, damaged } = await store.read("m");
            assert.deepEqual(Uint8Array.from(bytes), written[version - 1]);
            if (version !== 2 && file !== "m/active.json") assert.equal(damaged.length, 1);
          }
        }
      }));
  });

  describe("when the disk fails", () => {
    for (const [disk, code] of [
      ["ENOSPC", "MW_STORE_FULL"],
      ["EDQUOT", "MW_STORE_FULL"],
      ["EIO", "MW_STORE_IO"],
      ["EROFS", "MW_STORE_IO"],
    ] as const)
      // prettier-ignore
      it(`keeps the old version and says so at every step: ${disk}`, () =>
        inFolder(async (root) => {
          const old = someBytes(2000);
          const good = new ModelStore(root);
          await good.write("m", old, PROMOTE);
          await good.write("m", old, PROMOTE);
          const actions: readonly ((store: ModelStore) => Promise<unknown>)[] = [
            (store) => store.write("m", someBytes(2000), PROMOTE),
            (store) => store.rollback("m"),
            (store) => store.promote("m", 1),
          ];
          for (const action of actions) {
            const count = failingAt(Infinity, disk);
            await action(new ModelStore(root, count.fs));
            await good.promote("m", 2);
            await good.promote("m", 1);
            await good.promote("m", 2);
            await good.remove("m", 3);
            for (let n = 0; n < count.calls(); n++) {
              await assert.rejects(action(new ModelStore(root, failingAt(n, disk).fs)), coded(code));
              const { version, bytes, damaged } = await good.read("m");
              assert.deepEqual([version, damaged], [2, []]);
              assert.deepEqual(Uint8Array.from(bytes), old);
            }
            assert.deepEqual((await readdir(path.join(root, "m"))).sort(), ["1", "2", "active.json"]);
          }
        }));

    it("keeps the old version on a disk that is really full", async function () {
      const run = promisify(execFile);
      await inFolder(async (folder) => {
        const root = path.join(folder, "small");
        await mkdir(root);
        try {
          await run("mount", ["-t", "tmpfs", "-o", "size=256k", "tmpfs", root]);
        } catch {
          return this.skip(); // mounting needs root on Linux; the simulated disks above run everywhere
        }
        try {
          const store = new ModelStore(root);
          const old = someBytes(60_000);
          await store.write("m", old, PROMOTE);
          await writeState(path.join(root, "state/a.bin"), someBytes(20_000));
          await assert.rejects(store.write("m", someBytes(300_000), PROMOTE), coded("MW_STORE_FULL", /the disk is full: .* was not written/));
          await assert.rejects(writeState(path.join(root, "state/a.bin"), someBytes(300_000)), coded("MW_STORE_FULL"));
          assert.deepEqual(Uint8Array.from((await store.read("m")).bytes), old);
          assert.equal((await readState(path.join(root, "state/a.bin")))?.length, 20_000);
          assert.equal((await store.write("m", someBytes(50_000), PROMOTE)).version, 2);
        } finally {
          await run("umount", [root]);
        }
      });
    });
  });

  it("serves many writers and readers at once", () =>
    inFolder(async (root) => {
      const stores = Array.from({ length: 4 }, () => new ModelStore(root));
      const written = new Map<number, Uint8Array>();
      await stores[0]!.write("m", someBytes(10), PROMOTE).then(({ version }) => written.set(version, new Uint8Array()));
      await Promise.all(
        stores.flatMap((store) => [
          ...Array.from({ length: 8 }, async () => {
            const bytes = someBytes(20_000);
            const { version } = await store.write("m", bytes, PROMOTE);
            assert.ok(!written.has(version));
            written.set(version, bytes);
          }),
          ...Array.from({ length: 8 }, async () => assert.deepEqual((await store.read("m")).damaged, [])),
        ]),
      );
      assert.equal(written.size, 33);
      const { version, bytes } = await stores[1]!.read("m");
      assert.equal(version, 33);
      assert.deepEqual(Uint8Array.from(bytes), written.get(33));
    }));
});

describe("state file", () => {
  it("gives back the last contents, and nothing where there are none", () =>
    inFolder(async (folder) => {
      const file = path.join(folder, "state/a.bin");
      assert.equal(await readState(file), undefined);
      for (const contents of [someBytes(0), someBytes(300_000), someBytes(5)]) {
        await writeState(file, contents);
        assert.deepEqual(Uint8Array.from((await readState(file))!), contents);
      }
      assert.deepEqual(await readdir(path.dirname(file)), ["a.bin"]);
      await removeState(file);
      assert.equal(await readState(file), undefined);
    }));

  it("recognises a torn or changed file", () =>
    inFolder(async (folder) => {
      const file = path.join(folder, "a.bin");
      await writeState(file, someBytes(60));
      const whole = await readFile(file);
      for (let n = 0; n < whole.length; n++) {
        await writeFile(file, whole.subarray(0, n));
        await assert.rejects(readState(file), coded("MW_STATE_DAMAGED"));
        const changed = Buffer.from(whole);
        changed[n]! ^= 1;
        await writeFile(file, changed);
        await assert.rejects(readState(file), coded("MW_STATE_DAMAGED"));
      }
    }));

  it("keeps the old contents when the disk is full", () =>
    inFolder(async (folder) => {
      const file = path.join(folder, "a.bin");
      const old = someBytes(100);
      await writeState(file, old);
      const count = failingAt(Infinity, "ENOSPC");
      await writeState(path.join(folder, "b.bin"), old, count.fs);
      for (let n = 0; n < count.calls(); n++) {
        await assert.rejects(writeState(file, someBytes(100), failingAt(n, "ENOSPC").fs), coded("MW_STORE_FULL"));
        assert.deepEqual(Uint8Array.from((await readState(file))!), old);
      }
      assert.deepEqual((await readdir(folder)).sort(), ["a.bin", "b.bin"]);
    }));
});
