/** What a station is set to, and how it reaches the world outside. */
import type { Language, MillwrightError } from "../../errors.ts";
import type { Path } from "../../message/property.ts";
import type { Sentence } from "../../signals/sentences.ts";
import type { SignalSet } from "../../signals/types.ts";
import type { DetectorSettings } from "../settings.ts";
import type { StationEvent } from "./events.ts";
import type { ShowStatus } from "./status.ts";

export type Message = Record<string, unknown>;
export type Send = (msg: Message) => void;

export interface StationSettings {
  /** Undefined: the signals of the first message. */
  readonly signals: SignalSet | undefined;
  readonly property: Path;
  readonly output: Path;
  readonly detector: Omit<DetectorSettings, "signals" | "periodMs">;
  readonly model: {
    /** Folder of the model store, and the model's name in it. */
    readonly root: string;
    readonly name: string;
    readonly promote: "auto" | "manual";
    /** The name is this node's alone: when its signals change it may learn anew under the same name. */
    readonly own: boolean;
  };
}

export interface Outlets {
  readonly emit: (event: StationEvent) => void;
  readonly status: ShowStatus;
  /** Of the sentences in events. */
  readonly language: Language;
  /** A failure that no message can carry. */
  readonly report: (error: MillwrightError) => void;
  readonly note: (sentence: Sentence) => void;
}
