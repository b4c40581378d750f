/** A window or dataset as one message: scored whole by streams of its own, or, while the node learns, learned row by row. */
import type { Dataset } from "../../message/dataset.ts";
import { Slices } from "../../message/slices.ts";
import type { Judgement } from "../detector.ts";
import type { Live } from "./live.ts";
import type { Loaded } from "./desk.ts";
import type { Anomaly, ModelInfo } from "./result.ts";
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

const CRITICAL = 3;
const WARNING = 0.8;

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
    severity: severity(score ?? 0, alarm),
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

function severity(score: number, alarm: boolean): Anomaly["severity"] {
  if (alarm) return score >= CRITICAL ? "critical" : "alarm";
  return score >= WARNING ? "warning" : "normal";
}

/** Feeds the rows that may be learned to the live stream; `each` is called after every row. */
export async function learnBatch(data: Dataset, live: Live, each: (j: Judgement) => void, signal: AbortSignal): Promise<BatchAnomaly> {
  const slices = new Slices(signal);
  const { rows, cols } = data.x;
  for (let r = 0; r < rows; r++) {
    if (slices.due()) await slices.pause();
    if (data.usable[r] !== 1) continue;
    each(live.row(data.x.data.subarray(r * cols, (r + 1) * cols), data.times[r]!));
  }
  return unscored(rows, "learning");
}

/** Nothing could be scored. */
export function unscored(rows: number, state: Anomaly["state"], model: ModelInfo | null = null): BatchAnomaly {
  return {
    score: null,
    limit: 1,
    alarm: false,
    severity: "normal",
    contributions: {},
    expected: {},
    health: { ok: true, cannotJudge: state },
    model,
    state,
    rows,
    peakRow: -1,
    scores: new Array<null>(rows).fill(null),
    alarms: new Array<boolean>(rows).fill(false),
    episodes: [],
    unjudged: 0,
  };
}
