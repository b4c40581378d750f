/** What a node is doing: for the command `status` and the editor. */
import type { Learner } from "./learner.ts";
import type { ModelInfo, StationState } from "./result.ts";

export interface Summary {
  readonly state: StationState;
  readonly model: ModelInfo | null;
  readonly why: string;
  /** Version that waits to be promoted. */
  readonly candidate: number | null;
  readonly signals: readonly string[];
  /** Time between samples, ms; 0 = not known yet. */
  readonly periodMs: number;
  /** 0..1 of the learning period. */
  readonly progress: number;
  /** Samples since the start. */
  readonly samples: number;
  /** The limit over that of the model's calibration (moved by feedback). */
  readonly limitFactor: number;
  readonly alarm: { readonly id: string; readonly start: number } | null;
  readonly training: { readonly ahead: number; readonly progress: number; readonly what: string } | null;
}

export function summary(learner: Learner): Summary {
  const { live, loaded, desk, teller } = learner;
  const { run } = desk;
  return {
    state: stateOf(learner),
    model: loaded?.info ?? null,
    why: loaded?.model.why[teller.language] ?? "",
    candidate: learner.candidate ?? null,
    signals: learner.signals?.map((s) => s.name) ?? [],
    periodMs: loaded?.model.periodMs ?? learner.periodMs,
    progress: live?.progress ?? 0,
    samples: live?.seen ?? 0,
    limitFactor: live?.detector.limitFactor ?? 1,
    alarm: teller.alarm ?? null,
    training: run ? { ahead: run.ahead, progress: run.share, what: run.what } : null,
  };
}

function stateOf({ refused, loaded, desk, idle }: Learner): StationState {
  if (refused) return "refused";
  if (loaded) return "watching";
  if (desk.run) return "training";
  return idle ? "waiting" : "learning";
}
