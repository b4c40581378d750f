/** Scores a whole window or dataset with streams of its own, slice by slice: the live stream is not touched. */
import type { Dataset } from "../../message/dataset.ts";
import { Slices } from "../../message/slices.ts";
import { Detector } from "../detector.ts";
import type { AlarmEvent, TopSignal } from "../events.ts";
import type { DetectorModel } from "../model.ts";
import type { DetectorSettings } from "../settings.ts";

/** An alarm found in a dataset; rows count from 0. */
export interface Episode {
  readonly id: string;
  readonly firstRow: number;
  lastRow: number;
  /** ms since 1970; null when the data has no times. */
  readonly start: number | null;
  end: number | null;
  peak: number;
  top: readonly TopSignal[];
}

export interface Scored {
  /** Per row, 1 = limit; null = cannot judge. */
  readonly scores: (number | null)[];
  /** Per row: in alarm. */
  readonly alarms: boolean[];
  readonly episodes: Episode[];
  /** Row of the highest score; -1 when no row could be judged. */
  peakRow: number;
  /** Per signal, at the peak. */
  contributions: Float64Array;
  expected: Float64Array;
  /** Rows that could not be judged because of their health (the first rows, which warm the streams up, do not count). */
  unjudged: number;
}

export interface ReplaySettings {
  readonly detector: DetectorSettings;
  readonly model: DetectorModel;
  /** Feedback so far: the limit is the model's times this. */
  readonly limitFactor: number;
}

/** Throws the signal's reason once it is aborted. */
export async function replay({ detector: settings, model, limitFactor }: ReplaySettings, data: Dataset, signal: AbortSignal): Promise<Scored> {
  const detector = new Detector({ ...settings, signals: data.signals });
  detector.install(limitFactor === 1 ? model : { ...model, limit: model.limit * limitFactor });
  const { rows, cols } = data.x;
  const scored: Scored = {
    scores: [],
    alarms: [],
    episodes: [],
    peakRow: -1,
    contributions: new Float64Array(cols),
    expected: new Float64Array(cols).fill(NaN),
    unjudged: 0,
  };
  const slices = new Slices(signal);
  const period = model.periodMs > 0 ? model.periodMs : 1000; // without times: rows at the model's pace
  const row = new Float64Array(cols); // one for all rows: a view per row would be garbage
  let peak = -Infinity;
  for (let r = 0; r < rows; r++) {
    if (slices.due()) await slices.pause();
    for (let c = 0; c < cols; c++) row[c] = data.x.data[r * cols + c]!;
    const j = detector.push(row, data.hasTimes ? data.times[r]! : r * period);
    const judged = !Number.isNaN(j.score);
    scored.scores.push(judged ? j.score : null);
    scored.alarms.push(j.alarm);
    if (j.cannotJudge === "health") scored.unjudged++;
    if (judged && j.score > peak) {
      peak = j.score;
      scored.peakRow = r;
      scored.contributions.set(j.contributions);
      scored.expected.set(j.expected);
    }
    for (const event of detector.events) {
      if (event.type === "alarm-start" || event.type === "alarm-update" || event.type === "alarm-end") follow(scored.episodes, event, r, data);
    }
    detector.events.length = 0;
    const open = scored.episodes.at(-1);
    if (j.alarm && open) {
      open.lastRow = r;
      open.end = timeOf(data, r);
      open.peak = Math.max(open.peak, j.score);
    }
  }
  return scored;
}

function follow(episodes: Episode[], event: AlarmEvent, row: number, data: Dataset): void {
  if (event.type === "alarm-start") {
    const at = timeOf(data, row);
    episodes.push({ id: event.id, firstRow: row, lastRow: row, start: at, end: at, peak: event.peak, top: event.top });
    return;
  }
  const open = episodes.at(-1);
  if (!open) return;
  open.peak = Math.max(open.peak, event.peak);
  open.top = event.top;
}

const timeOf = (data: Dataset, row: number): number | null => {
  const time = data.hasTimes ? data.times[row]! : NaN;
  return Number.isNaN(time) ? null : time;
};
