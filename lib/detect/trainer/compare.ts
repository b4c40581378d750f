/** Is a new model at least as good as the active one? Both score the last part of the samples, which are the newest. */
import type { Bilingual } from "../../errors.ts";
import { Detector } from "../detector.ts";
import type { DetectorModel } from "../model.ts";
import type { FitJob } from "../settings.ts";

/** Share of the samples, from the end, that both models are tried on. */
const PART = 0.3;
/** Samples tried at most. */
const MOST = 20_000;

interface Outcome {
  /** Alarms on samples that are not labelled anomalous. */
  readonly alarms: number;
  /** Labelled samples scored above the limit, as a share; NaN without labels. */
  readonly found: number;
}

export interface Comparison {
  readonly better: boolean;
  readonly verdict: Bilingual | null;
}

/** `active` undefined: there is nothing to compare with. */
export function compare(job: FitJob, active: DetectorModel | undefined, next: DetectorModel): Comparison {
  if (active === undefined) return { better: true, verdict: null };
  const same = active.signals.length === next.signals.length && active.signals.every((s, i) => s.name === next.signals[i]?.name);
  if (!same) return { better: true, verdict: { en: "The active version was for other signals.", zh: "原使用版本对应其他信号。" } };
  const [old, young] = [outcome(job, active), outcome(job, next)];
  const better = young.alarms <= old.alarms && !(young.found < old.found);
  return {
    better,
    verdict: {
      en: `On the newest samples: ${english(young)}; the active version: ${english(old)}.`,
      zh: `在最新样本上：${chinese(young)}；原使用版本：${chinese(old)}。`,
    },
  };
}

const percent = (share: number): number => Math.round(100 * share);
const english = ({ alarms, found }: Outcome): string =>
  `${alarms} false alarms${Number.isNaN(found) ? "" : `, ${percent(found)} % of the labelled samples found`}`;
const chinese = ({ alarms, found }: Outcome): string => `误报 ${alarms} 次${Number.isNaN(found) ? "" : `，发现 ${percent(found)} % 的标注样本`}`;

function outcome(job: FitJob, model: DetectorModel): Outcome {
  const { signals, periodMs, method, falseAlarmsPerWeek, confidence, seed } = job;
  const detector = new Detector({
    signals,
    periodMs,
    method,
    mode: "command",
    learnSamples: 0,
    learnMs: 0,
    falseAlarmsPerWeek,
    confidence,
    clearAt: 0.5,
    refractory: 0,
    seed,
  });
  detector.install(model);
  const rows = job.chunks.reduce((sum, c) => sum + c.times.length, 0);
  const from = Math.max(Math.floor(rows * (1 - PART)), rows - MOST);
  const n = signals.length;
  let [row, alarms, labelled, found] = [0, 0, 0, 0];
  for (const chunk of job.chunks) {
    for (let r = 0; r < chunk.times.length; r++, row++) {
      const bad = job.label?.[row] === 1;
      if (row < from && !bad) continue;
      const time = chunk.times[r]!;
      const j = detector.push(chunk.rows.subarray(r * n, (r + 1) * n), Number.isNaN(time) ? row * (model.periodMs || 1000) : time);
      for (const event of detector.events.splice(0)) if (event.type === "alarm-start" && !bad) alarms++;
      if (!bad) continue;
      labelled++;
      if (j.score > 1) found++;
    }
  }
  return { alarms, found: labelled > 0 ? found / labelled : NaN };
}
