/**
 * Files that are either old or new, never in between: written beside their place, flushed to the disk, renamed over it. Everything here is
 * asynchronous and works in small pieces, because it runs in the Node-RED process. Failures are `MW_STORE_FULL` and `MW_STORE_IO`.
 */
import { createHash, randomUUID } from "node:crypto";
import * as nodeFs from "node:fs/promises";
import path from "node:path";
import { setImmediate as nextTurn, setTimeout as delay } from "node:timers/promises";
import { fail, MillwrightError, toMillwrightError } from "../errors.ts";

/** The file system calls that are used; a test hands in failing ones. */
export type FileSystem = Pick<typeof nodeFs, "open" | "mkdir" | "rename" | "rm" | "readdir" | "readFile" | "stat">;
export const realFiles: FileSystem = nodeFs;

const CHUNK = 128 * 1024; // bytes hashed at a time: well under a millisecond
const RENAME_TRIES = 6; // Windows refuses while a virus scanner holds the file

export const codeOf = (thrown: unknown): string => (thrown instanceof Error && "code" in thrown ? String(thrown.code) : "");

/** A name that no other writer uses, hidden, with its purpose in front. */
export const temporary = (purpose: "new" | "old"): string => `.${purpose}-${randomUUID()}`;

/** Runs file system calls that concern `what`, and turns their failures into coded ones. */
export async function storing<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    if (thrown instanceof MillwrightError) throw thrown;
    const code = codeOf(thrown);
    if (code === "ENOSPC" || code === "EDQUOT") return fail("MW_STORE_FULL", { field: what }, thrown);
    if (/^E[A-Z0-9]+$/.test(code)) return fail("MW_STORE_IO", { field: what, got: code }, thrown);
    throw toMillwrightError(thrown);
  }
}

/** SHA-256 of `bytes`, hex; gives way to other work between pieces. */
export async function sha256(bytes: Uint8Array): Promise<string> {
  const hash = createHash("sha256");
  for (let at = 0; at < bytes.length; at += CHUNK) {
    if (at > 0) await nextTurn();
    hash.update(bytes.subarray(at, at + CHUNK));
  }
  return hash.digest("hex");
}

/** The file's contents with their SHA-256. */
export async function readHashed(fs: FileSystem, file: string): Promise<{ bytes: Uint8Array; sha256: string }> {
  const bytes = await fs.readFile(file);
  return { bytes, sha256: await sha256(bytes) };
}

/** Creates `file` (it must not exist) and returns when its contents are on the disk. */
export async function writeSynced(fs: FileSystem, file: string, bytes: Uint8Array): Promise<void> {
  const handle = await fs.open(file, "wx");
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Makes renames within `directory` last; Windows cannot and need not. */
export async function syncDirectory(fs: FileSystem, directory: string): Promise<void> {
  try {
    const handle = await fs.open(directory, "r");
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (thrown) {
    if (!["EPERM", "EISDIR", "EACCES", "EINVAL", "ENOTSUP"].includes(codeOf(thrown))) throw thrown;
  }
}

/** Renames; waits a little where Windows says that the file is in use. */
export async function rename(fs: FileSystem, from: string, to: string): Promise<void> {
  for (let i = 1; ; i++) {
    try {
      await fs.rename(from, to);
      return;
    } catch (thrown) {
      if (process.platform !== "win32" || i === RENAME_TRIES || !["EPERM", "EACCES", "EBUSY"].includes(codeOf(thrown))) throw thrown;
      await delay(20 * i);
    }
  }
}

/** Puts `bytes` in the place of `file`: a reader sees the old contents or the new ones, also after a crash. */
export async function replaceFile(fs: FileSystem, file: string, bytes: Uint8Array): Promise<void> {
  const directory = path.dirname(file);
  const fresh = path.join(directory, temporary("new"));
  try {
    await writeSynced(fs, fresh, bytes);
    await rename(fs, fresh, file);
    await syncDirectory(fs, directory);
  } catch (thrown) {
    await fs.rm(fresh, { force: true }).catch(() => undefined); // what matters is the first failure
    throw thrown;
  }
}

/** Removes what writers that died have left in `directory`, once it is an hour old. */
export async function sweep(fs: FileSystem, directory: string): Promise<void> {
  const limit = Date.now() - 3_600_000;
  for (const entry of await fs.readdir(directory)) {
    if (!/^\.(new|old)-/.test(entry)) continue;
    const file = path.join(directory, entry);
    const age = await fs.stat(file).catch(() => undefined);
    if (age !== undefined && age.mtimeMs < limit) await fs.rm(file, { recursive: true, force: true }).catch(() => undefined);
  }
}
