/** A window or dataset as one message: scored whole by streams of its own, or, while the node learns, learned row by row. */
import type { Dataset } from "../../message/dataset.ts";
import { Slices } from "../../message/slices.ts";
import { severityOf, type Judgement } from "../judgement.ts";
import type { Live } from "./live.ts";
import type { Loaded } from "./desk.ts";
import { unjudged, type Anomaly, type ModelInfo } from "./result.ts";
import { replay, type Episode, type ReplaySettings } from "./replay.ts";

export interface BatchAnomaly extends Omit<Anomaly, "score" | "alarmId"> {
  /** Highest score of all rows; null when none could be judged. */
  readonly score: number | null;
  /** Row of the highest score, from 0; -1 = none. Contributions and expected values are those of this row. */
  readonly peakRow: number;
  readonly rows: number;
  /** Per row; null = cannot judge. */
  readonly scores: readonly (number | null)[];
  /** Per row: in alarm. */
  readonly alarms: readonly boolean[];
  readonly episodes: readonly Episode[];
  /** Rows that could not be judged because of the signals' health. */
  readonly unjudged: number;
}

export async function scoreBatch(data: Dataset, { model, info }: Loaded, settings: Omit<ReplaySettings, "model">, signal: AbortSignal): Promise<BatchAnomaly> {
  const scored = await replay({ ...settings, model }, data, signal);
  const judged = scored.peakRow >= 0;
  const score = judged ? scored.scores[scored.peakRow]! : null;
  const alarm = scored.episodes.length > 0;
  const contributions: Record<string, number> = {};
  const expected: Record<string, number | null> = {};
  data.signals.forEach(({ name }, i) => {
    if (!judged) return;
    const e = scored.expected[i]!;
    contributions[name] = scored.contributions[i]!;
    expected[name] = Number.isNaN(e) ? null : e;
  });
  return {
    score,
    limit: 1,
    alarm,
    severity: severityOf(score ?? 0, 1, alarm),
    contributions,
    expected,
    health: { ok: scored.unjudged === 0, ...(judged ? {} : { cannotJudge: scored.unjudged > 0 ? "health" : "warming" }) },
    model: info,
    state: "watching",
    rows: data.x.rows,
    peakRow: scored.peakRow,
    scores: scored.scores,
    alarms: scored.alarms,
    episodes: scored.episodes,
    unjudged: scored.unjudged,
  };
}

/**
 * Feeds the rows that may be learned to the live stream; `each` is called after every row. Rows without a time have no place in the live stream:
 * they are learned, and left out once a model has come of those before them.
 */
export async function learnBatch(data: Dataset, live: Live, each: (j: Judgement) => void, signal: AbortSignal): Promise<BatchAnomaly> {
  const slices = new Slices(signal);
  const { rows, cols } = data.x;
  for (let r = 0; r < rows; r++) {
    if (slices.due()) await slices.pause();
    const time = data.times[r]!;
    if (Number.isNaN(time) && live.detector.model) break;
    if (data.usable[r] === 1) each(live.row(data.x.data.subarray(r * cols, (r + 1) * cols), time));
  }
  return unscored(rows, "learning");
}

/** Nothing could be scored. */
export function unscored(rows: number, state: Anomaly["state"], model: ModelInfo | null = null): BatchAnomaly {
  return {
    ...unjudged(state, state, model),
    score: null,
    rows,
    peakRow: -1,
    scores: new Array<null>(rows).fill(null),
    alarms: new Array<boolean>(rows).fill(false),
    episodes: [],
    unjudged: 0,
  };
}
