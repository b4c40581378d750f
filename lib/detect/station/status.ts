/** What stands under the node: keys of the node's locale file (`status.<key>`), colours, and the value put into the text. */
import type { SignalSpec } from "../../signals/types.ts";
import type { Judgement } from "../judgement.ts";
import type { Run } from "./desk.ts";
import { firstBad, topSignal, type StationState } from "./result.ts";

export type ShowStatus = (fill: "red" | "green" | "yellow" | "blue" | "grey", shape: "ring" | "dot", key: StatusKey, value: string | number) => void;

export const STATUS_KEYS = [
  "starting",
  "learning",
  "queued",
  "training",
  "warming",
  "ok",
  "warning",
  "alarm",
  "blind",
  "blindClock",
  "check",
  "waiting",
  "candidate",
  "refused",
  "ready",
  "silent",
] as const;
export type StatusKey = (typeof STATUS_KEYS)[number];

const NAME = 9; // characters of a signal's name next to a number

const percent = (share: number): number => Math.floor(share * 100);
const rounded = (score: number): number => (score >= 10 ? Math.round(score) : Math.round(score * 100) / 100);

export class Board {
  readonly #show: ShowStatus;

  constructor(show: ShowStatus) {
    this.#show = show;
  }

  starting(): void {
    this.#show("grey", "ring", "starting", "");
  }

  /** Samples have stopped coming. */
  silent(): void {
    this.#show("yellow", "ring", "silent", "");
  }

  refused(): void {
    this.#show("red", "ring", "refused", "");
  }

  /** Version `candidate` waits to be promoted; undefined = waits for the command train. */
  waiting(candidate: number | undefined): void {
    if (candidate === undefined) this.#show("grey", "ring", "waiting", "");
    else this.#show("yellow", "ring", "candidate", candidate);
  }

  training(run: Run): void {
    if (run.ahead > 0) this.#show("blue", "ring", "queued", run.ahead);
    else this.#show("blue", "dot", "training", percent(run.share));
  }

  /** Nothing came since the start (or a command). */
  ready(learned: boolean, progress: number): void {
    if (learned) this.#show("green", "ring", "ready", "");
    else this.#show("blue", "ring", "learning", percent(progress));
  }

  /** After a sample. */
  judged(j: Judgement, signals: readonly SignalSpec[], state: StationState): void {
    if (state === "learning") this.#show("blue", "ring", "learning", percent(j.progress));
    else if (j.cannotJudge === "health") this.#blind(j, signals);
    else if (state === "warming") this.#show("blue", "ring", "warming", "");
    else if (j.alarm) this.#show("red", "dot", "alarm", `${signals[topSignal(j.contributions)]!.name.slice(0, NAME)} ${rounded(j.score)}`);
    else if (!j.health.ok && firstBad(j.health, signals) !== "") this.#show("yellow", "ring", "check", firstBad(j.health, signals));
    else if (j.severity === "normal") this.#show("green", "dot", "ok", rounded(j.score));
    else this.#show("yellow", "dot", "warning", rounded(j.score));
  }

  #blind(j: Judgement, signals: readonly SignalSpec[]): void {
    const name = firstBad(j.health, signals);
    if (name === "") this.#show("yellow", "ring", "blindClock", "");
    else this.#show("yellow", "ring", "blind", name);
  }
}
