/** What is told by the second output: alarms with a beginning and an end, and progress, not too often. */
import type { Bilingual, Language } from "../../errors.ts";
import type { AlarmEvent, DetectorEvent } from "../events.ts";
import type { Loaded, Run } from "./desk.ts";
import type { LearnedEvent } from "./events.ts";
import type { Outlets } from "./types.ts";

const PROGRESS_EVERY = 10_000; // ms
const PROGRESS_STEP = 0.1;
const NOTHING = { progress: 0, at: -Infinity, phase: "" } as const;

/** An alarm whose start was told. */
export interface OpenAlarm {
  readonly id: string;
  readonly start: number;
}

/** What was told of the open alarm last. */
type Last = Pick<AlarmEvent, "score" | "peak" | "limit" | "top">;
const UNKNOWN: Last = { score: 0, peak: 0, limit: 1, top: [] };

export class Teller {
  /** Told, and not yet ended. */
  alarm: OpenAlarm | undefined;
  readonly #outlets: Outlets;
  readonly #now: () => number;
  #last: Last = UNKNOWN;
  #told: { readonly progress: number; readonly at: number; readonly phase: string } = NOTHING;

  constructor(outlets: Outlets, now: () => number) {
    this.#outlets = outlets;
    this.#now = now;
  }

  /** `at`: the time of what came without one. */
  tell(events: readonly DetectorEvent[], at: number): void {
    for (const told of events) {
      const event = Number.isNaN(told.at) ? { ...told, at } : told;
      if (event.type === "alarm-start") this.alarm = { id: event.id, start: event.start };
      if (event.type === "alarm-end") this.alarm = undefined;
      if (event.type === "alarm-start" || event.type === "alarm-update") this.#last = event;
      this.#outlets.emit(event);
    }
  }

  /** `id`: the open alarm of the detector, "" = none. One that did not survive (another model, a reset) is ended for whoever heard of its start. */
  check(id: string, at: number): void {
    const told = this.alarm;
    if (told === undefined || told.id === id) return;
    this.alarm = undefined;
    const { score, peak, limit, top } = this.#last;
    this.#outlets.emit({ type: "alarm-end", id: told.id, start: told.start, at, durationMs: at - told.start, score, peak, limit, top });
    this.#last = UNKNOWN;
  }

  progress(phase: "learning" | "queued" | "training", progress: number, ahead: number): void {
    const now = this.#now();
    const told = this.#told;
    const moved = phase !== told.phase || progress >= told.progress + PROGRESS_STEP || progress < told.progress;
    if (!moved && !(progress > told.progress && now - told.at >= PROGRESS_EVERY)) return;
    this.#told = { progress, at: now, phase };
    this.#outlets.emit({ type: "learning", at: now, phase, progress, ahead });
  }

  training(run: Run): void {
    this.progress(run.ahead > 0 ? "queued" : "training", run.share, run.ahead);
  }

  get language(): Language {
    return this.#outlets.language;
  }

  learned({ model, info }: Loaded, cause: LearnedEvent["cause"], promoted: boolean, verdict: Bilingual | null): LearnedEvent {
    this.restart();
    const event: LearnedEvent = {
      type: "learned",
      at: this.#now(),
      model: info,
      cause,
      promoted,
      why: verdict === null ? model.why[this.language] : `${verdict[this.language]} ${model.why[this.language]}`,
      samples: model.trained.rows,
      falseAlarmsPerWeek: model.calibration.perWeek,
    };
    this.#outlets.emit(event);
    return event;
  }

  /** Progress begins anew. */
  restart(): void {
    this.#told = NOTHING;
  }
}
