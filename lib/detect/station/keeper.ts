/**
 * Keeps a node's streaming state on disk, safe under kill -9 at any moment.
 *
 * Two files: `<id>.state`, replaced as a whole, and `<id>.<generation>.rows`, to which the sealed chunks of the
 * sample buffer are appended once each. The state names the generation and where its chunks lie; what was appended after it is unused space.
 * When more is unused than used, the next save starts a new generation.
 */
import type { FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { MillwrightError } from "../../errors.ts";
import { realFiles, storing, type FileSystem } from "../../models/files.ts";
import { readState, removeState, writeState } from "../../models/state.ts";
import type { SampleChunk } from "../buffer.ts";
import { pack, unpack } from "../frames.ts";

const FORMAT = 1;
/** Unused space (values) below which no new generation is started. */
const SPARE = 512 * 1024;
/** Bytes per write. */
const PIECE = 256 * 1024;

/** A chunk in the file of rows: its place and its size, in values. */
interface Kept {
  readonly at: number;
  readonly rows: number;
  readonly times: number;
}
interface Snapshot {
  readonly format: typeof FORMAT;
  readonly generation: number;
  readonly kept: readonly Kept[];
  /** The last, still growing chunk. */
  readonly tail: readonly SampleChunk[];
  readonly value: unknown;
}

/** What is saved: any structured-cloneable value, and the chunks of samples (all but the last never change). */
export interface Keepsake {
  readonly value: unknown;
  readonly chunks: readonly SampleChunk[];
}

export class Keeper {
  readonly #folder: string;
  readonly #id: string;
  readonly #fs: FileSystem;
  #places = new WeakMap<Float64Array, Kept>();
  #generation = 0;
  #end = 0; // values in the file of rows
  #swept = -1; // the only generation on disk; -1 = not known
  #work: Promise<unknown> = Promise.resolve();

  /** `id`: a name that is safe as a file name. */
  constructor(folder: string, id: string, fs: FileSystem = realFiles) {
    this.#folder = folder;
    this.#id = id;
    this.#fs = fs;
  }

  get #file(): string {
    return join(this.#folder, `${this.#id}.state`);
  }

  #rowsFile(generation: number): string {
    return join(this.#folder, `${this.#id}.${generation}.rows`);
  }

  /** What was saved last; undefined when nothing was. Throws a coded error when it cannot be used. */
  async load(): Promise<Keepsake | undefined> {
    const bytes = await readState(this.#file, this.#fs);
    if (bytes === undefined) return undefined;
    try {
      const snapshot = unpack(bytes) as Snapshot;
      // a later format, written by a later version of this pack
      if ((snapshot.format as number) !== FORMAT) throw new RangeError(`format ${snapshot.format}`);
      return await this.#rebuild(snapshot);
    } catch (error) {
      throw new MillwrightError("MW_STATE_DAMAGED", { field: this.#file }, error);
    }
  }

  async #rebuild({ generation, kept, tail, value }: Snapshot): Promise<Keepsake> {
    const data = kept.length === 0 ? new Uint8Array() : own(await this.#fs.readFile(this.#rowsFile(generation)));
    const values = new Float64Array(data.buffer as ArrayBuffer, data.byteOffset, Math.floor(data.byteLength / 8));
    const chunks = kept.map((k): SampleChunk => {
      if (k.at + k.rows + k.times > values.length) throw new RangeError("rows are missing");
      const rows = values.subarray(k.at, k.at + k.rows);
      this.#places.set(rows, k);
      return { rows, times: values.subarray(k.at + k.rows, k.at + k.rows + k.times) };
    });
    this.#generation = generation;
    this.#end = values.length;
    return { value, chunks: [...chunks, ...tail] };
  }

  /** Saves `keepsake` as it is now. Saves follow one another in the order of the calls. */
  save(keepsake: Keepsake): Promise<void> {
    const plan = this.#plan(keepsake);
    const done = this.#work.then(() => this.#write(plan));
    this.#work = done.catch(() => {
      // the places that were planned do not exist: begin anew with the next save
      this.#places = new WeakMap();
      this.#generation++;
      this.#end = 0;
    });
    return done;
  }

  /** Copies what may change, and decides where the new chunks go. Takes no longer than copying the state. */
  #plan({ value, chunks }: Keepsake): { bytes: Uint8Array; fresh: { chunk: SampleChunk; at: number }[]; generation: number } {
    const sealed = chunks.slice(0, -1);
    const size = (c: SampleChunk): number => c.rows.length + c.times.length;
    const live = sealed.reduce((sum, c) => sum + size(c), 0);
    if (this.#end - live > live + SPARE) {
      this.#places = new WeakMap();
      this.#generation++;
      this.#end = 0;
    }
    const fresh: { chunk: SampleChunk; at: number }[] = [];
    const kept = sealed.map((chunk) => {
      const known = this.#places.get(chunk.rows);
      if (known) return known;
      const place: Kept = { at: this.#end, rows: chunk.rows.length, times: chunk.times.length };
      this.#places.set(chunk.rows, place);
      fresh.push({ chunk, at: place.at });
      this.#end += size(chunk);
      return place;
    });
    const generation = this.#generation;
    const snapshot: Snapshot = { format: FORMAT, generation, kept, tail: chunks.slice(-1), value };
    return { bytes: pack(snapshot), fresh, generation };
  }

  #write({ bytes, fresh, generation }: { bytes: Uint8Array; fresh: { chunk: SampleChunk; at: number }[]; generation: number }): Promise<void> {
    return storing(this.#file, async () => {
      await this.#fs.mkdir(this.#folder, { recursive: true });
      if (fresh.length > 0) await this.#append(this.#rowsFile(generation), fresh);
      await writeState(this.#file, bytes, this.#fs);
      if (generation !== this.#swept) await this.#sweep(generation);
      this.#swept = generation;
    });
  }

  async #append(path: string, fresh: readonly { chunk: SampleChunk; at: number }[]): Promise<void> {
    const file = await this.#fs.open(path, fresh[0]?.at === 0 ? "w" : "r+");
    try {
      for (const { chunk, at } of fresh) {
        await writeAll(file, bytesOf(chunk.rows), 8 * at);
        await writeAll(file, bytesOf(chunk.times), 8 * (at + chunk.rows.length));
      }
      await file.sync();
    } finally {
      await file.close();
    }
  }

  /** Removes the rows of earlier generations. */
  async #sweep(generation: number): Promise<void> {
    for (const name of await this.#fs.readdir(this.#folder)) {
      const own = name.startsWith(`${this.#id}.`) && name.endsWith(".rows");
      if (own && name !== `${this.#id}.${generation}.rows`) await this.#fs.rm(join(this.#folder, name), { force: true });
    }
  }

  /** Forgets everything that was saved. */
  async remove(): Promise<void> {
    await this.#work;
    this.#places = new WeakMap();
    this.#end = 0;
    await removeState(this.#file, this.#fs);
    await this.#sweep(-1).catch(() => {}); // no folder: nothing was ever saved
  }
}

/** Node pools small reads: a buffer of its own can be viewed as numbers and lives no longer than it is needed. */
const own = (bytes: Buffer): Uint8Array => (bytes.byteOffset % 8 === 0 && bytes.buffer.byteLength === bytes.byteLength ? bytes : Uint8Array.from(bytes));

const bytesOf = (values: Float64Array): Uint8Array => new Uint8Array(values.buffer, values.byteOffset, values.byteLength);

async function writeAll(file: FileHandle, bytes: Uint8Array, at: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await file.write(bytes, done, Math.min(PIECE, bytes.length - done), at + done);
    done += bytesWritten;
  }
}
