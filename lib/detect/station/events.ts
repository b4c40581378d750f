/** What leaves by the second output. Times in ms since 1970. */
import type { ErrorCode } from "../../errors.ts";
import type { DetectorEvent } from "../events.ts";
import type { Feedback } from "../feedback.ts";
import type { ModelInfo } from "./result.ts";

export interface LearningEvent {
  readonly type: "learning";
  readonly at: number;
  /** `learning`: samples are gathered; `queued`: other trainings come first; `training`: the model is being made. */
  readonly phase: "learning" | "queued" | "training";
  /** 0..1 of the phase. */
  readonly progress: number;
  /** Trainings of other nodes that come first. */
  readonly ahead: number;
}

export interface LearnedEvent {
  readonly type: "learned";
  readonly at: number;
  readonly model: ModelInfo;
  /** `training`: this node's; `command`: promote or rollback; `other node`: one that shares the model. */
  readonly cause: "training" | "command" | "other node";
  /** False: a candidate that waits for the command promote. */
  readonly promoted: boolean;
  /** Why it was, or was not, promoted, and what was chosen. */
  readonly why: string;
  /** Training samples used, and how often the limit was crossed by normal data that was held out, per week. */
  readonly samples: number;
  readonly falseAlarmsPerWeek: number;
}

export interface FeedbackEvent extends Omit<Feedback, "kind"> {
  readonly type: "feedback";
  readonly at: number;
  readonly kind: Feedback["kind"];
}

/** No samples have come for longer than is usual. */
export interface SilentEvent {
  readonly type: "silent";
  readonly at: number;
  readonly silentMs: number;
}

/** A failure that no message can carry: of training in the background, of a damaged model, of a full disk. */
export interface ErrorEvent {
  readonly type: "error";
  readonly at: number;
  readonly code: ErrorCode;
  readonly text: string;
}

export type StationEvent = DetectorEvent | LearningEvent | LearnedEvent | FeedbackEvent | SilentEvent | ErrorEvent;
