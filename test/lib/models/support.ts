/** Helpers of the store's tests. */
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { realFiles, type FileSystem } from "../../../lib/models/files.ts";

/** Runs `work` in a folder of its own. */
export async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(path.join(os.tmpdir(), "millwright-store-"));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export const someBytes = (size: number): Uint8Array => Uint8Array.from(randomBytes(size));

/** A file system on which the `n`-th changing call (from 0) fails with `code`; a write leaves half its bytes behind. `calls` counts them. */
export function failingAt(n: number, code: string): { readonly fs: FileSystem; readonly calls: () => number } {
  let calls = 0;
  const due = (): boolean => calls++ === n;
  const failure = (): Error => Object.assign(new Error(`${code}: simulated`), { code });
  const guard =
    <A extends unknown[], R>(call: (...args: A) => Promise<R>) =>
    (...args: A): Promise<R> =>
      due() ? Promise.reject(failure()) : call(...args);
  const open: FileSystem["open"] = async (...args) => {
    if (args[1] === "r") return realFiles.open(...args);
    if (due()) throw failure();
    const handle = await realFiles.open(...args);
    const write = handle.writeFile.bind(handle),
      sync = handle.sync.bind(handle);
    handle.writeFile = async (data) => {
      if (!due()) return write(data);
      await write((data as Uint8Array).subarray(0, (data as Uint8Array).length >> 1));
      throw failure();
    };
    handle.sync = () => (due() ? Promise.reject(failure()) : sync());
    return handle;
  };
  const fs: FileSystem = { ...realFiles, open, mkdir: guard(realFiles.mkdir) as FileSystem["mkdir"], rename: guard(realFiles.rename) };
  return { fs, calls: () => calls };
}
