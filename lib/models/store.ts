/**
 * The model store: `<root>/<name>/<version>/{model.onnx, manifest.json}` and `<root>/<name>/active.json`.
 *
 * A version appears by the rename of a finished, flushed folder, with its wish to be the active one inside: a crash at any moment leaves the
 * store as it was before or after. Version numbers are claimed by that rename, so processes that share a store never write over each other.
 * `active.json` holds promotions by hand and rollbacks; versions newer than it that were written with `promote` come after it.
 */
import path from "node:path";
import { fail, MillwrightError } from "../errors.ts";
import { codeOf, realFiles, rename, sha256, storing, sweep, syncDirectory, temporary, writeSynced, type FileSystem } from "./files.ts";
import { list, MANIFEST, MODEL, ModelFolder, type Contents } from "./folder.ts";
import { checkName } from "./names.ts";

export interface StoredVersion {
  readonly version: number;
  readonly sha256: string;
  readonly bytes: number;
  /** ms since 1970. */
  readonly created: number;
  readonly active: boolean;
}
export interface LoadedModel extends Contents {
  /** `MW_MODEL_DAMAGED` for each version that should have been used before this one; to be reported. */
  readonly damaged: readonly MillwrightError[];
}

const TAKEN = new Set(["ENOTEMPTY", "EEXIST", "EPERM", "EACCES"]); // what a rename onto an existing folder gives
const MAX_CLAIMS = 1000;

/** Changes of one model within this process run one after the other. */
const queues = new Map<string, Promise<unknown>>();

export class ModelStore {
  readonly #root: string;
  readonly #fs: FileSystem;

  constructor(root: string, fs: FileSystem = realFiles) {
    this.#root = path.resolve(root);
    this.#fs = fs;
  }

  /** The models that have a folder. */
  async names(): Promise<string[]> {
    const entries = await storing(this.#root, () => list(this.#fs, this.#root));
    return entries.filter((e) => !e.startsWith(".")).sort();
  }

  /** All complete versions, oldest first; the contents are not checked. */
  async versions(name: string): Promise<StoredVersion[]> {
    const folder = this.#folder(name);
    return storing(folder.path, async () => {
      const manifests = await folder.manifests();
      const { active } = await folder.active(manifests);
      return manifests.map(({ version, sha256, bytes, created }) => ({ version, sha256, bytes, created, active: version === active }));
    });
  }

  /** Adds a version; with `promote` it is the active one from the same moment on. */
  async write(name: string, bytes: Uint8Array, { promote }: { readonly promote: boolean }): Promise<{ version: number; sha256: string }> {
    const folder = this.#folder(name);
    return this.#change(folder, async () => {
      await this.#fs.mkdir(folder.path, { recursive: true });
      await sweep(this.#fs, folder.path);
      const digest = await sha256(bytes);
      const fresh = path.join(folder.path, temporary("new"));
      try {
        await this.#fs.mkdir(fresh);
        const manifest = { format: 1, sha256: digest, bytes: bytes.length, created: Date.now(), promote };
        await writeSynced(this.#fs, path.join(fresh, MODEL), bytes);
        await writeSynced(this.#fs, path.join(fresh, MANIFEST), Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`));
        await syncDirectory(this.#fs, fresh);
        const version = await this.#claim(folder, fresh);
        await syncDirectory(this.#fs, folder.path);
        await syncDirectory(this.#fs, this.#root);
        return { version, sha256: digest };
      } catch (thrown) {
        await this.#fs.rm(fresh, { recursive: true, force: true }).catch(() => undefined); // what matters is the first failure
        throw thrown;
      }
    });
  }

  /** The active version, or the last good one before it (see `damaged`); a version asked for by number is that one or an error. */
  async read(name: string, version: number | "active" = "active"): Promise<LoadedModel> {
    const folder = this.#folder(name);
    return storing(folder.path, async () => {
      if (version !== "active") return { ...(await folder.load(version)), damaged: [] };
      const manifests = await folder.manifests();
      const { active, previous } = await folder.active(manifests);
      const unreadable = (await folder.numbers()).filter((v) => v > active && !manifests.some((m) => m.version === v));
      const candidates = [...unreadable.reverse(), ...(active === 0 ? [] : [active, ...previous])];
      if (candidates.length === 0) return fail("MW_MODEL_NOT_FOUND", { field: name, got: { en: "in use", zh: "可供使用" } });
      const damaged: MillwrightError[] = [];
      for (const candidate of candidates) {
        const loaded = await folder.loadUnlessDamaged(candidate);
        if (!(loaded instanceof MillwrightError)) return { ...loaded, damaged };
        damaged.push(loaded);
      }
      throw damaged[0]!;
    });
  }

  /** Makes an intact version the active one. */
  async promote(name: string, version: number): Promise<void> {
    const folder = this.#folder(name);
    await this.#change(folder, async () => {
      await folder.load(version);
      const { active, previous, highest } = await folder.active(await folder.manifests());
      if (active !== version) await folder.point({ active: version, previous: [active, ...previous].filter((v) => v !== version && v !== 0), highest });
    });
  }

  /** Goes back to the last intact version that was active before; returns it. */
  async rollback(name: string): Promise<number> {
    const folder = this.#folder(name);
    return this.#change(folder, async () => {
      const { previous, highest } = await folder.active(await folder.manifests());
      for (const [i, version] of previous.entries()) {
        if ((await folder.loadUnlessDamaged(version)) instanceof MillwrightError) continue;
        await folder.point({ active: version, previous: previous.slice(i + 1), highest });
        return version;
      }
      return fail("MW_MODEL_NOT_FOUND", { field: name, got: { en: "to roll back to", zh: "可供回退" } });
    });
  }

  /** Removes one version (the active one: the one before it takes over), or the model with all versions. */
  async remove(name: string, version?: number): Promise<void> {
    const folder = this.#folder(name);
    await this.#change(folder, async () => {
      if (version === undefined) return this.#discard(folder.path);
      const { active, previous, highest } = await folder.active(await folder.manifests());
      const [first = 0, ...rest] = [active, ...previous].filter((v) => v !== version);
      await folder.point({ active: first, previous: rest, highest: Math.max(highest, version) }); // `highest`: the number is not used again
      return this.#discard(path.join(folder.path, String(version)));
    });
  }

  /** Removes the oldest versions until `keep` are left; the active one, the one to roll back to and the `pinned` ones stay. */
  async prune(name: string, keep: number, pinned: readonly number[] = []): Promise<void> {
    const folder = this.#folder(name);
    const old = await storing(folder.path, async () => {
      const manifests = await folder.manifests();
      const { active, previous } = await folder.active(manifests);
      const spare = manifests.map((m) => m.version).filter((v) => v !== active && v !== previous[0] && !pinned.includes(v));
      return spare.slice(0, Math.max(0, manifests.length - keep));
    });
    for (const version of old) await this.remove(name, version);
  }

  #folder(name: string): ModelFolder {
    return new ModelFolder(path.join(this.#root, checkName(name)), this.#fs);
  }

  async #change<T>(folder: ModelFolder, work: () => Promise<T>): Promise<T> {
    const key = folder.path;
    const start = (): Promise<T> => storing(key, work);
    const run = (queues.get(key) ?? Promise.resolve()).then(start, start);
    queues.set(key, run);
    try {
      return await run;
    } finally {
      if (queues.get(key) === run) queues.delete(key);
    }
  }

  /** Renames the finished folder to the next free number. */
  async #claim(folder: ModelFolder, fresh: string): Promise<number> {
    const { highest } = await folder.active(await folder.manifests());
    for (let version = Math.max(highest, ...(await folder.numbers())) + 1, tries = 0; ; version++, tries++) {
      try {
        await rename(this.#fs, fresh, path.join(folder.path, String(version)));
        return version;
      } catch (thrown) {
        const exists = TAKEN.has(codeOf(thrown)) && (await folder.numbers()).includes(version);
        if (!exists || tries === MAX_CLAIMS) throw thrown;
      }
    }
  }

  /** Takes a file or folder out of sight in one step, then removes it. */
  async #discard(entry: string): Promise<void> {
    const old = path.join(path.dirname(entry), temporary("old"));
    try {
      await rename(this.#fs, entry, old);
    } catch (thrown) {
      if (codeOf(thrown) === "ENOENT") return;
      throw thrown;
    }
    await this.#fs.rm(old, { recursive: true, force: true });
  }
}
