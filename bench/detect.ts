/**
 * Feeds every file of DATA/SET, message by message, through the detector in its one default configuration and writes OUT/<file>.csv
 * (score, alarm) with one row per row of data. Causal: a row's score is written before the next row is read.
 *
 *   npm run bench:detect -- --set skab|nab|tsb_m|tsb_u|tep --data DIR --out DIR [--method auto]
 *
 * What differs between the sets is what their protocols say about learning, nothing else:
 *   skab   learns on the first 400 rows of each file                tsb_*  learns on the first tr_N rows (N from the file's name)
 *   tep    learns on d00 once, then runs every *_te file            nab    no learning period: learns as it goes after a probation of
 *                                                                          min(15 % of the file, 750) rows
 * A stuck sensor is told as such, not scored; here its score is the limit, since that is when a person is told.
 * NAB counts every row at or above the threshold as one detection, so for NAB the score of a row that starts no alarm is written
 * just below the limit at most; its threshold is 1, the detector's own limit.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DEFAULTS } from "../lib/detect/defaults.ts";
import { Detector } from "../lib/detect/detector.ts";
import type { DetectorModel } from "../lib/detect/model.ts";
import type { DetectorSettings, MethodChoice } from "../lib/detect/settings.ts";
import { fail } from "../lib/errors.ts";
import type { SignalSpec } from "../lib/signals/types.ts";
import { readArguments } from "./lib/arguments.ts";
import { feed, type Output } from "./lib/feed.ts";
import { readTable, tables, timeOf, type Table } from "./lib/files.ts";

const SETS = ["skab", "nab", "tsb_m", "tsb_u", "tep"] as const;
type SetName = (typeof SETS)[number];
const NOT_SIGNALS = new Set(["datetime", "timestamp", "anomaly", "changepoint", "label"]);

interface Series {
  readonly name: string;
  readonly signals: readonly SignalSpec[];
  readonly rows: readonly Float64Array[];
  readonly times: readonly number[];
}

const PERIOD_MS: Readonly<Record<SetName, number>> = { skab: 1000, nab: 300_000, tsb_m: 60_000, tsb_u: 60_000, tep: 180_000 };

function series(table: Table, set: SetName): Series {
  const use = table.head.flatMap((name, i) => (NOT_SIGNALS.has(name.trim().toLowerCase()) ? [] : [i]));
  const clock = table.head.findIndex((h) => /^(datetime|timestamp)$/i.test(h.trim()));
  const signals = use.map((i): SignalSpec => ({ name: table.head[i]!.trim(), unit: "", low: null, high: null, kind: "auto" }));
  const number = (text: string | undefined): number => (text === undefined || text.trim() === "" ? NaN : Number(text));
  const times = table.rows.map((r, k) => (clock >= 0 ? timeOf(r[clock]) : NaN) || Date.UTC(2020, 0, 1) + k * PERIOD_MS[set]);
  return { name: table.name, signals, rows: table.rows.map((r) => Float64Array.from(use, (i) => number(r[i]))), times };
}

function settings(s: Series, learnSamples: number, method: MethodChoice): DetectorSettings {
  return { ...DEFAULTS, signals: s.signals, learnSamples, learnMs: 0, method };
}

function learnOn(s: Series, method: MethodChoice): DetectorModel {
  const detector = new Detector(settings(s, s.rows.length, method));
  feed(detector, s);
  return detector.model ?? fail("MW_TRAIN_FAILED", { field: s.name, got: "nothing was learned" });
}

function* outputs(set: SetName, folder: string, method: MethodChoice): Generator<{ s: Series; out: Output; detector: Detector; fitSeconds: number }> {
  const files = tables(folder);
  const base = set === "tep" ? files.find((f) => /d00\.csv/.test(f)) : undefined;
  if (set === "tep" && base === undefined) throw new Error(`${folder} has no d00.csv.gz to learn from`);
  const learned = base === undefined ? undefined : learnOn(series(readTable(base), set), method);
  for (const path of files) {
    if (path === base) continue;
    const s = series(readTable(path), set);
    const begun = performance.now();
    let detector: Detector;
    if (learned) {
      detector = new Detector(settings(s, learned.trained.rows, method));
      detector.install(learned);
    } else {
      const n = s.rows.length;
      const learn = set === "skab" ? 400 : set === "nab" ? Math.floor(Math.min(0.15 * n, 750)) : Number(/_tr_(\d+)/.exec(s.name)?.[1] ?? Math.floor(0.15 * n));
      detector = new Detector(settings(s, learn, method));
    }
    const out = feed(detector, s);
    if (set === "nab")
      for (let r = 0; r < out.score.length; r++) out.score[r] = out.starts[r] === 1 ? Math.max(1, out.score[r]!) : Math.min(0.999, out.score[r]!);
    yield { s, out, detector, fitSeconds: (performance.now() - begun) / 1000 };
  }
}

const args = readArguments(["set", "data", "out", "method"], ["set", "data", "out"]);
const set = SETS.find((s) => s === args.set);
if (!set || args.data === undefined || args.out === undefined) throw new Error(`--set must be one of ${SETS.join(", ")}`);
mkdirSync(args.out, { recursive: true });
const results: { file: string; rows: number; chosen: string; alarms: number; seconds: number; push_us: number }[] = [];
for (const { s, out, detector, fitSeconds } of outputs(set, join(args.data, set), (args.method ?? "auto") as MethodChoice)) {
  const lines = Array.from(out.score, (v, r) => `${Number(v.toPrecision(9))},${out.alarm[r]!}`);
  writeFileSync(join(args.out, `${s.name}.csv`), `score,alarm\n${lines.join("\n")}\n`);
  const chosen = detector.model?.members.map((m) => m.method).join("+") ?? "none";
  const alarms = out.starts.reduce((a, b) => a + b, 0);
  results.push({
    file: s.name,
    rows: out.score.length,
    chosen,
    alarms,
    seconds: Number(fitSeconds.toFixed(2)),
    push_us: Number(out.pushMicroseconds.toFixed(1)),
  });
  console.log(
    `${s.name.padEnd(48)} ${String(out.score.length).padStart(6)} rows  ${chosen.padEnd(24)} ${String(alarms).padStart(4)} alarms  ${fitSeconds.toFixed(1).padStart(6)} s  ${out.pushMicroseconds.toFixed(1).padStart(7)} us/push`,
  );
}
console.log(JSON.stringify({ set, files: results }));
