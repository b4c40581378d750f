/** Reads benchmark files: CSV, gzipped or not. */
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { gunzipSync } from "node:zlib";

export interface Table {
  readonly name: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export function readTable(path: string): Table {
  const bytes = readFileSync(path);
  const text = (path.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("utf8").replace(/^\uFEFF/, "");
  const lines = text.split(/\r?\n/).filter((l) => l !== "");
  const [head = "", ...rest] = lines;
  const separator = !head.includes(",") && head.includes(";") ? ";" : ",";
  return { name: basename(path).replace(/\.csv(\.gz)?$/, ""), head: head.split(separator), rows: rest.map((l) => l.split(separator)) };
}

/** The CSV files of a folder in name order. */
export function tables(folder: string): string[] {
  return readdirSync(folder)
    .filter((f) => /\.csv(\.gz)?$/.test(f))
    .sort()
    .map((f) => join(folder, f));
}

/** A time like "2020-03-09 10:14:33" as UTC ms; NaN when it is none. */
export function timeOf(text: string | undefined): number {
  return text === undefined ? NaN : Date.parse(`${text.replace(" ", "T")}${/Z|[+-]\d\d:?\d\d$/.test(text) ? "" : "Z"}`);
}
