/**
 * Is a new model at least as good as the active one? The question is put to samples that the new way of seeing things has not learned: a
 * stand-in is fitted to the first part of the samples with the new model's method, and it and the active version score the last part, and what is
 * labelled anomalous anywhere. (Where the active version has seen some of the last part, that is to its advantage.)
 */
import type { Bilingual } from "../../errors.ts";
import type { SampleChunk } from "../buffer.ts";
import { Detector } from "../detector.ts";
import { fitDetector } from "../fit.ts";
import type { DetectorModel } from "../model.ts";
import { join, type Recording } from "../prepare.ts";
import type { FitJob, MethodChoice } from "../settings.ts";
import { FitError } from "../types.ts";
import { stretches, type Stretch } from "./stretches.ts";

/** Share of the samples, in time order, that the stand-in learns. */
const LEARNED = 0.7;
/** Samples of the rest that are tried at most, the newest. */
const MOST = 20_000;

interface Outcome {
  /** Alarms on held-out samples that are neither labelled nor excluded. */
  alarms: number;
  /** Labelled samples, and those of them scored above the limit. */
  labelled: number;
  found: number;
}

export interface Comparison {
  readonly better: boolean;
  readonly verdict: Bilingual;
}

export function compare(job: FitJob, active: DetectorModel, method: MethodChoice): Comparison {
  const same = active.signals.length === job.signals.length && active.signals.every((s, i) => s.name === job.signals[i]?.name);
  if (!same) return { better: true, verdict: { en: "The active version was for other signals.", zh: "原使用版本对应其他信号。" } };
  const rows = job.chunks.reduce((sum, c) => sum + c.times.length, 0);
  const cut = Math.floor(rows * LEARNED);
  let standIn: DetectorModel;
  try {
    standIn = fitDetector({ ...firstRows(job, cut), method }).model;
  } catch (error) {
    if (!(error instanceof FitError)) throw error;
    return {
      better: false,
      verdict: { en: "Too few samples to compare it with the active version.", zh: "样本太少，无法与原使用版本比较。" },
    };
  }
  return judge(job, active, standIn, cut);
}

/** Which of two models does no worse on the samples from row `cut` on and on the labelled ones: the old, or the young one. */
export function judge(job: FitJob, old: DetectorModel, young: DetectorModel, cut: number): Comparison {
  const recording = join(job);
  const plan = stretches(job, recording.times, Math.max(cut, recording.times.length - MOST), 2 * Math.max(old.window, young.window));
  const [was, is] = [outcome(job, recording, plan, old), outcome(job, recording, plan, young)];
  return {
    better: is.alarms <= was.alarms && is.found >= was.found,
    verdict: {
      en: `On the newest samples: ${english(is)}; the active version: ${english(was)}.`,
      zh: `在最新样本上：${chinese(is)}；原使用版本：${chinese(was)}。`,
    },
  };
}

function firstRows(job: FitJob, count: number): FitJob {
  const n = job.signals.length;
  const chunks: SampleChunk[] = [];
  let left = count;
  for (const { rows, times } of job.chunks) {
    const taken = Math.min(left, times.length);
    if (taken > 0) chunks.push({ rows: rows.subarray(0, taken * n), times: times.subarray(0, taken) });
    left -= taken;
  }
  return { ...job, chunks, ...(job.label ? { label: job.label.subarray(0, count) } : {}) };
}

const share = ({ found, labelled }: Outcome): number => Math.round((100 * found) / labelled);
const english = (o: Outcome): string => `${o.alarms} false alarms${o.labelled === 0 ? "" : `, ${share(o)} % of the labelled samples found`}`;
const chinese = (o: Outcome): string => `误报 ${o.alarms} 次${o.labelled === 0 ? "" : `，发现 ${share(o)} % 的标注样本`}`;

function outcome(job: FitJob, { x, times }: Recording, plan: readonly Stretch[], model: DetectorModel): Outcome {
  const { signals, periodMs, method, falseAlarmsPerWeek, confidence, seed } = job;
  const settings = { signals, periodMs, method, falseAlarmsPerWeek, confidence, seed, learnSamples: 0, learnMs: 0, clearAt: 0.5, refractory: 0 };
  const total: Outcome = { alarms: 0, labelled: 0, found: 0 };
  for (const { from, to, counts } of plan) {
    const detector = new Detector({ ...settings, mode: "command" }); // its own streams: nothing of the stretch before
    detector.install(model);
    for (let row = from; row < to; row++) {
      const time = times[row]!;
      const j = detector.push(x.data.subarray(row * x.cols, (row + 1) * x.cols), Number.isNaN(time) ? row * (model.periodMs || 1000) : time);
      const starts = detector.events.splice(0).filter((e) => e.type === "alarm-start").length;
      if (job.label?.[row] === 1) {
        total.labelled++;
        if (j.score > 1) total.found++;
      } else if (counts(row)) total.alarms += starts;
    }
  }
  return total;
}
