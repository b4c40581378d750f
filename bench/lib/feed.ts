/** Feeds a detector sample by sample and trains it in line whenever it wants to be: what the node does, without its processes. */
import type { DetectorEvent } from "../../lib/detect/events.ts";
import type { Detector } from "../../lib/detect/detector.ts";
import { fitDetector } from "../../lib/detect/fit.ts";
import { FitError } from "../../lib/detect/types.ts";
import { SIGNAL_CODES } from "../../lib/signals/types.ts";

const STUCK = SIGNAL_CODES.indexOf("stuck");

export interface Output {
  /** Per row: relative to the limit; 0 while learning. */
  readonly score: Float64Array;
  /** 1 = in alarm, or a sensor hangs. */
  readonly alarm: Uint8Array;
  /** 1 = a person is told something at this row. */
  readonly starts: Uint8Array;
  readonly pushMicroseconds: number;
}

/** What a person is told: an alarm, one that goes on after a refractory period, a sensor that hangs. */
function tells(e: DetectorEvent): boolean {
  return e.type === "alarm-start" || (e.type === "alarm-update" && e.renewed === true) || (e.type === "health" && e.code === "stuck");
}

/** One training run in line, whenever the detector wants one: what the node does in its training process. */
function train(detector: Detector): void {
  const job = detector.takeJob();
  if (!job) return;
  try {
    const { model, warm } = fitDetector(job);
    detector.install(model, warm);
  } catch (e) {
    if (!(e instanceof FitError)) throw e;
    detector.abort(); // as the node: goes on with what it has
  }
}

/** Runs `detector` over the rows in order; causal: a row's output is final before the next row is read. */
export function feed(detector: Detector, s: { readonly rows: readonly Float64Array[]; readonly times: readonly number[] }): Output {
  const n = s.rows.length;
  const score = new Float64Array(n);
  const alarm = new Uint8Array(n);
  const starts = new Uint8Array(n);
  let spent = 0;
  let pushed = 0;
  for (let r = 0; r < n; r++) {
    const begun = process.hrtime.bigint();
    const judgement = detector.push(s.rows[r]!, s.times[r]!);
    if (judgement.phase === "watching") {
      spent += Number(process.hrtime.bigint() - begun);
      pushed++;
    }
    const stuck = judgement.phase === "watching" && judgement.health.codes.includes(STUCK);
    // what cannot be judged keeps the score before: no opinion is not "normal"
    score[r] = Number.isNaN(judgement.score) ? (r > 0 && judgement.phase === "watching" ? score[r - 1]! : 0) : judgement.score;
    if (stuck) score[r] = Math.max(1, score[r]!);
    alarm[r] = judgement.alarm || stuck ? 1 : 0;
    for (const e of detector.events.splice(0)) if (tells(e) && judgement.phase === "watching") starts[r] = 1;
    train(detector);
  }
  return { score, alarm, starts, pushMicroseconds: spent / 1000 / Math.max(1, pushed) };
}
