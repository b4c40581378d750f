/** One model's folder as it lies on the disk: its versions, which of them is used, and their contents, checked. */
import path from "node:path";
import { fail, MillwrightError } from "../errors.ts";
import { codeOf, readHashed, replaceFile, type FileSystem } from "./files.ts";

export const MODEL = "model.onnx";
export const MANIFEST = "manifest.json";
export const ACTIVE = "active.json";

/** What a version says of itself. */
export interface Manifest {
  readonly version: number;
  readonly sha256: string;
  readonly bytes: number;
  readonly created: number;
  /** It asked to be the active version from the moment it was written. */
  readonly promote: boolean;
}

/** Which version is used, and those used before it, newest first. 0: none. */
export interface Active {
  readonly active: number;
  readonly previous: readonly number[];
  /** Versions up to this one have been taken into account. */
  readonly highest: number;
}

export interface Contents {
  readonly bytes: Uint8Array;
  readonly version: number;
  readonly sha256: string;
}

export class ModelFolder {
  readonly path: string;
  readonly #fs: FileSystem;

  constructor(folder: string, fs: FileSystem) {
    this.path = folder;
    this.#fs = fs;
  }

  /** Versions that have a folder, in order. */
  async numbers(): Promise<number[]> {
    const entries = await list(this.#fs, this.path);
    return entries
      .filter((e) => /^[1-9]\d{0,8}$/.test(e))
      .map(Number)
      .sort((a, b) => a - b);
  }

  /** Manifests of the versions, in order; a version without a readable one has none here, and `load` calls it damaged. */
  async manifests(): Promise<Manifest[]> {
    const gone = (thrown: unknown): undefined => {
      if (!["ENOENT", "ENOTDIR"].includes(codeOf(thrown))) throw thrown;
    };
    const all = await Promise.all((await this.numbers()).map((v) => this.#manifest(v).catch(gone)));
    return all.filter((m) => m !== undefined);
  }

  /** Undefined when the file does not say what a manifest says. */
  async #manifest(version: number): Promise<Manifest | undefined> {
    const { sha256, bytes, created, promote } = parse(await this.#fs.readFile(path.join(this.path, String(version), MANIFEST), "utf8"));
    if (typeof sha256 !== "string" || typeof bytes !== "number" || typeof created !== "number" || typeof promote !== "boolean") return undefined;
    return { version, sha256, bytes, created, promote };
  }

  /** The stored choice, then every later version that asked to be active. */
  async active(manifests: readonly Manifest[]): Promise<Active> {
    const none = (thrown: unknown): string => {
      if (codeOf(thrown) === "ENOENT") return "";
      throw thrown;
    };
    const { active: a, previous: p, highest: h } = parse(await this.#fs.readFile(path.join(this.path, ACTIVE), "utf8").catch(none));
    let active = typeof a === "number" ? a : 0;
    let previous = Array.isArray(p) ? p.filter((v): v is number => typeof v === "number") : [];
    const highest = typeof h === "number" ? h : 0;
    for (const { version, promote } of manifests) {
      if (!promote || version <= highest) continue;
      if (active !== 0) previous = [active, ...previous];
      active = version;
    }
    return { active, previous, highest: Math.max(highest, manifests.at(-1)?.version ?? 0) };
  }

  /** Stores the choice. */
  async point(active: Active): Promise<void> {
    await replaceFile(this.#fs, path.join(this.path, ACTIVE), Buffer.from(`${JSON.stringify({ format: 1, ...active }, null, 2)}\n`));
  }

  /** Throws `MW_MODEL_NOT_FOUND` and `MW_MODEL_DAMAGED`. */
  async load(version: number): Promise<Contents> {
    const name = path.basename(this.path);
    const damaged = (en: string, zh: string, cause?: unknown): never => fail("MW_MODEL_DAMAGED", { field: name, got: version, expected: { en, zh } }, cause);
    const missing = (thrown: unknown): never => {
      if (codeOf(thrown) === "ENOENT") return damaged("a file is missing", "缺少文件", thrown);
      throw thrown;
    };
    if (!(await this.numbers()).includes(version)) return fail("MW_MODEL_NOT_FOUND", { field: name, got: version });
    const manifest = (await this.#manifest(version).catch(missing)) ?? damaged(`${MANIFEST} is not readable`, `${MANIFEST} 无法读取`);
    const model = await readHashed(this.#fs, path.join(this.path, String(version), MODEL)).catch(missing);
    if (model.sha256 !== manifest.sha256) return damaged(`${MODEL} does not match its SHA-256`, `${MODEL} 与其 SHA-256 不符`);
    return { bytes: model.bytes, version, sha256: model.sha256 };
  }

  /** The version, or what is wrong with it. Failures of the disk are thrown: they say nothing about the version. */
  async loadUnlessDamaged(version: number): Promise<Contents | MillwrightError> {
    try {
      return await this.load(version);
    } catch (thrown) {
      if (thrown instanceof MillwrightError && ["MW_MODEL_DAMAGED", "MW_MODEL_NOT_FOUND"].includes(thrown.code)) return thrown;
      throw thrown;
    }
  }
}

/** The entries of a folder; none when it is not there. */
export async function list(fs: FileSystem, folder: string): Promise<string[]> {
  return fs.readdir(folder).catch((thrown: unknown): string[] => {
    if (codeOf(thrown) === "ENOENT") return [];
    throw thrown;
  });
}

/** A JSON object's members; empty for anything else. */
function parse(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
