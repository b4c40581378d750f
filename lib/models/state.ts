/** A streaming state on the disk: replaced as a whole, and with a checksum, so that a file torn by a failing disk is recognised. */
import path from "node:path";
import { fail } from "../errors.ts";
import { codeOf, realFiles, replaceFile, sha256, storing, sweep, type FileSystem } from "./files.ts";

const MAGIC = "MWSTATE1"; // then SHA-256 (32 bytes), then the contents
const HEAD = 40;

/** Replaces the state; returns when it is on the disk. */
export async function writeState(file: string, contents: Uint8Array, fs: FileSystem = realFiles): Promise<void> {
  await storing(file, async () => {
    const folder = path.dirname(file);
    await fs.mkdir(folder, { recursive: true });
    const bytes = new Uint8Array(HEAD + contents.length); // a copy first: the caller may go on changing its own
    bytes.set(contents, HEAD);
    bytes.set(Buffer.from(MAGIC, "latin1"));
    bytes.set(Buffer.from(await sha256(bytes.subarray(HEAD)), "hex"), MAGIC.length);
    await replaceFile(fs, file, bytes);
    await sweep(fs, folder);
  });
}

/** The contents last written; undefined when there are none. Throws `MW_STATE_DAMAGED` when they are not whole. */
export async function readState(file: string, fs: FileSystem = realFiles): Promise<Uint8Array | undefined> {
  return storing(file, async () => {
    let bytes: Uint8Array;
    try {
      bytes = await fs.readFile(file);
    } catch (thrown) {
      if (codeOf(thrown) === "ENOENT") return undefined;
      throw thrown;
    }
    const contents = bytes.subarray(HEAD);
    const whole = Buffer.from(bytes.subarray(0, MAGIC.length)).toString("latin1") === MAGIC;
    if (!whole || Buffer.from(bytes.subarray(MAGIC.length, HEAD)).toString("hex") !== (await sha256(contents)))
      return fail("MW_STATE_DAMAGED", { field: file });
    return contents;
  });
}

/** Forgets the state. */
export async function removeState(file: string, fs: FileSystem = realFiles): Promise<void> {
  await storing(file, () => fs.rm(file, { force: true }));
}
