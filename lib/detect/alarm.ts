/**
 * Turns a score (1 = limit) into alarm episodes: hysteresis, clearing at a share of the plateau, a refractory period and a
 * limit that rises with every alarm and sinks back, so that a wrong alarm does not become a stream of wrong alarms.
 */

export interface AlarmSettings {
  /** The alarm clears when the score falls below this share of its plateau (0..1). */
  readonly clearAt: number;
  /** Samples after the start of an alarm in which a new one starts only above `ESCALATION` times the last peak. */
  readonly refractory: number;
  /** Samples in which the rise of the limit halves. */
  readonly halfLife: number;
}

/** Hysteresis: while on, the alarm stays on down to this share of the level it started from. */
const HOLD = 0.8;
/** After clearing at a high level, the limit restarts this much above the current score and sinks with it. */
const RESTART = 1.5;
/** Each alarm raises the limit by this factor. */
export const RISE = 1.2;
/** Within the refractory period only a score this many times the last peak starts another alarm. */
const ESCALATION = 3;
/** The plateau follows a rising score with this weight per sample and never falls. */
const PLATEAU_WEIGHT = 1 / 30;
/** The limit never rises beyond this, however many alarms there were. */
const MAX_RISE = Math.log(4);

/** `renew`: the alarm is still on after a refractory period, at a score that would start one. */
export type Transition = "none" | "start" | "renew" | "end";

export interface AlarmState {
  on: boolean;
  plateau: number;
  peak: number;
  /** ln of the rise of the limit. */
  rise: number;
  /** 0 = none; else the limit after a clear, sinking with the score. */
  restart: number;
  /** Samples since the last start; Infinity before the first. */
  since: number;
  lastPeak: number;
  /** Level the present alarm started from. */
  startedAt: number;
  /** What the last alarm was about (the column that contributed most); -1 = unknown. */
  cause: number;
  /** Said to be false: ends with the next sample. */
  dismissed: boolean;
}

const idle = (): AlarmState => ({
  on: false,
  plateau: 0,
  peak: 0,
  rise: 0,
  restart: 0,
  since: Infinity,
  lastPeak: 0,
  startedAt: 1,
  cause: -1,
  dismissed: false,
});

export class AlarmMachine {
  private state = idle();
  private readonly decay: number;
  private readonly settings: AlarmSettings;

  constructor(settings: AlarmSettings) {
    this.settings = settings;
    this.decay = 0.5 ** (1 / Math.max(1, settings.halfLife));
  }

  get on(): boolean {
    return this.state.on;
  }

  /** The column that the last alarm was about; -1 = none yet. */
  get cause(): number {
    return this.state.cause;
  }

  /** The score at which an alarm starts now (>= 1). */
  get limit(): number {
    return Math.max(Math.exp(this.state.rise), this.state.restart);
  }

  /** Advances by one judged sample. `score` is finite and >= 0; `cause`: the column that contributes most. */
  push(score: number, cause = -1): Transition {
    const s = this.state;
    s.rise *= this.decay;
    s.since++;
    return s.on ? this.hold(s, score) : this.watch(s, score, cause);
  }

  private hold(s: AlarmState, score: number): Transition {
    if (score > s.peak) s.peak = score;
    if (score > s.plateau) s.plateau += (score - s.plateau) * PLATEAU_WEIGHT;
    if (!s.dismissed && score >= Math.max(HOLD * s.startedAt, this.settings.clearAt * s.plateau)) return this.renews(s, score);
    s.on = false;
    s.dismissed = false;
    s.lastPeak = s.peak;
    s.restart = RESTART * score;
    return "end";
  }

  private watch(s: AlarmState, score: number, cause: number): Transition {
    if (s.restart > 0) {
      s.restart = Math.min(s.restart, RESTART * score);
      if (s.restart <= 1) s.restart = 0;
    }
    const limit = this.limit;
    if (score <= limit) return "none";
    // another cause is another fault, and not to be kept quiet
    if (s.since < this.settings.refractory && cause === s.cause && score <= ESCALATION * s.lastPeak) return "none";
    s.on = true;
    s.startedAt = limit;
    s.plateau = score;
    s.peak = score;
    s.restart = 0;
    s.cause = cause;
    s.since = 0;
    s.rise = Math.min(MAX_RISE, s.rise + Math.log(RISE));
    return "start";
  }

  /** A lasting alarm is told again, without raising the limit: it is one alarm. */
  private renews(s: AlarmState, score: number): Transition {
    if (s.since < this.settings.refractory || score <= Math.exp(s.rise)) return "none";
    s.since = 0;
    return "renew";
  }

  /** The open alarm was none: it ends with the next sample. */
  dismiss(): void {
    this.state.dismissed = this.state.on;
  }

  /** The limit was multiplied by `factor`: what is remembered in its units follows. */
  rescale(factor: number): void {
    const s = this.state;
    for (const key of ["plateau", "peak", "lastPeak", "restart"] as const) s[key] /= factor;
  }

  /** A false alarm has moved the limit itself, so it need not be raised as well; a confirmed or missed one must not raise it. */
  forgive(): void {
    this.state.rise = 0;
  }

  save(): AlarmState {
    return { ...this.state };
  }

  load(state: AlarmState): void {
    this.state = { ...idle(), ...state };
  }
}

const WEEK_MS = 7 * 24 * 3600 * 1000;

/** The rise of the limit halves in so many of the wanted intervals between false alarms. */
const INTERVALS = 4;

/** The settings that follow from a model. */
export function alarmSettings(
  model: { readonly periodMs: number; readonly window: number },
  clearAt: number,
  refractory: number,
  perWeek: number,
): AlarmSettings {
  return { clearAt, refractory: refractory > 0 ? refractory : model.window, halfLife: Math.max(1000, (INTERVALS * WEEK_MS) / perWeek / model.periodMs) };
}
