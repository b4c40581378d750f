/**
 * False alarms on normal data: 30 simulated days at one sample per second, 8 signals unless told, of five kinds, with the detector's default
 * target of one false alarm per week. `promised` is what the model card states (the target, or more where the learning period was too
 * short to promise it); `allowed` is the count that a Poisson process of that rate exceeds with a probability of 1 - confidence.
 *
 *   npm run bench:alarms [-- --days 30 --learn 3600 --mode watch,continuous --kinds white,seasonal --method auto --seed 1 --signals 8]
 */
import { DEFAULTS } from "../lib/detect/defaults.ts";
import { Detector } from "../lib/detect/detector.ts";
import { fitDetector } from "../lib/detect/fit.ts";
import type { DetectorSettings, MethodChoice } from "../lib/detect/settings.ts";
import { readArguments } from "./lib/arguments.ts";
import { KINDS, simulate, type Kind } from "./lib/simulate.ts";

const DAY = 86_400;

interface Row {
  readonly kind: Kind;
  readonly mode: string;
  readonly method: string;
  readonly alarms: number;
  readonly allowed: number;
  readonly promised_per_week: number;
  readonly alarm_share: number;
  readonly change_points: number;
  readonly refits: number;
  readonly seconds: number;
}

/** Smallest count that a Poisson variable of mean `mean` does not exceed with probability `confidence`. */
function poissonQuantile(mean: number, confidence: number): number {
  let term = Math.exp(-mean);
  let sum = term;
  let k = 0;
  while (sum < confidence && k < 10_000) sum += term *= mean / ++k;
  return k;
}

function run(kind: Kind, signalCount: number, mode: DetectorSettings["mode"], days: number, learn: number, method: MethodChoice, seed: number): Row {
  const signals = Array.from({ length: signalCount }, (_, i) => ({ name: `s${i + 1}`, unit: "", low: null, high: null, kind: "auto" as const }));
  const detector = new Detector({ ...DEFAULTS, signals, mode, method, learnSamples: learn, learnMs: 0 });
  const source = simulate(kind, signalCount, seed);
  const x = new Float64Array(signalCount);
  const begun = performance.now();
  let alarms = 0;
  let inAlarm = 0;
  let changes = 0;
  let refits = -1;
  let promised = 0;
  let watched = 0;
  let mean = 0; // expected false alarms as promised by the model in use at each moment
  for (let t = 0; t < days * DAY; t++) {
    source.next(x);
    const judgement = detector.push(x, t * 1000);
    if (judgement.phase === "watching") {
      watched++;
      mean += (promised * 1000) / (7 * DAY * 1000);
    }
    if (judgement.alarm) inAlarm++;
    for (const e of detector.events.splice(0)) {
      if (e.type === "alarm-start") alarms++;
      if (e.type === "change-point") changes++;
    }
    const job = detector.takeJob();
    if (!job) continue;
    const { model, warm } = fitDetector(job);
    detector.install(model, warm);
    promised = model.calibration.perWeek;
    refits++;
  }
  return {
    kind,
    mode,
    method: detector.model?.members.map((m) => m.method).join("+") ?? "none",
    alarms,
    allowed: poissonQuantile(mean, DEFAULTS.confidence),
    promised_per_week: Number(promised.toFixed(2)),
    alarm_share: Number((inAlarm / Math.max(1, watched)).toFixed(5)),
    change_points: changes,
    refits,
    seconds: Math.round((performance.now() - begun) / 1000),
  };
}

const args = readArguments(["days", "learn", "mode", "kinds", "method", "seed", "signals", "data", "out"], []);
const rows: Row[] = [];
for (const mode of (args.mode ?? "watch,continuous").split(",") as DetectorSettings["mode"][])
  for (const kind of KINDS.filter((k) => !args.kinds || args.kinds.split(",").includes(k))) {
    const row = run(
      kind,
      Number(args.signals ?? 8),
      mode,
      Number(args.days ?? 30),
      Number(args.learn ?? 3600),
      (args.method ?? "auto") as MethodChoice,
      Number(args.seed ?? 1),
    );
    rows.push(row);
    console.log(
      `${row.kind.padEnd(16)} ${row.mode.padEnd(11)} ${row.method.padEnd(20)} ${String(row.alarms).padStart(5)} alarms (allowed ${row.allowed}, promised ${row.promised_per_week}/week)  in alarm ${(100 * row.alarm_share).toFixed(3)} %  ${row.change_points} change points  ${row.refits} refits  ${row.seconds} s`,
    );
  }
console.log(JSON.stringify({ days: Number(args.days ?? 30), rows }));
