/** The training queue: one training process at a time in this Node-RED, the others wait their turn and see their place. */
import { MillwrightError } from "../errors.ts";
import { Crashed, runTraining, type Progress, type TrainRequest, type TrainResult } from "./trainer/process.ts";

export type { TrainRequest, TrainResult } from "./trainer/process.ts";

export interface TrainHooks {
  readonly progress: Progress;
  /** How many runs are ahead; 0 = it starts now. */
  readonly queued: (ahead: number) => void;
}

interface Ticket {
  readonly request: TrainRequest;
  readonly hooks: TrainHooks;
  readonly start: () => void;
}

type Run = typeof runTraining;

export class Trainer {
  readonly #run: Run;
  readonly #queue: Ticket[] = []; // the first one runs

  constructor(run: Run = runTraining) {
    this.#run = run;
  }

  /** Names of the models being trained and waiting, in order. */
  get queue(): readonly string[] {
    return this.#queue.map((t) => t.request.model);
  }

  /**
   * Trains, stores and (perhaps) promotes a model. A process that dies is started once more; then MW_TRAIN_CRASHED. Aborting
   * `signal` ends the process and rejects with its reason.
   */
  async train(request: TrainRequest, hooks: TrainHooks, signal: AbortSignal): Promise<TrainResult> {
    const ticket = await this.#turn(request, hooks, signal);
    try {
      return await this.#attempt(request, hooks.progress, signal);
    } finally {
      this.#leave(ticket);
    }
  }

  async #attempt(request: TrainRequest, progress: Progress, signal: AbortSignal): Promise<TrainResult> {
    try {
      return await this.#run(request, progress, signal);
    } catch (first) {
      if (!(first instanceof Crashed)) throw first;
      try {
        return await this.#run(request, progress, signal);
      } catch (second) {
        if (!(second instanceof Crashed)) throw second;
        throw new MillwrightError("MW_TRAIN_CRASHED", { field: request.model, got: second.message }, second);
      }
    }
  }

  #turn(request: TrainRequest, hooks: TrainHooks, signal: AbortSignal): Promise<Ticket> {
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const gone = (): void => {
        this.#leave(ticket);
        reject(signal.reason as Error);
      };
      const ticket: Ticket = {
        request,
        hooks,
        start: () => {
          signal.removeEventListener("abort", gone);
          resolve(ticket);
        },
      };
      signal.addEventListener("abort", gone, { once: true });
      this.#queue.push(ticket);
      this.#announce(this.#queue.length - 1);
      if (this.#queue.length === 1) ticket.start();
    });
  }

  #leave(ticket: Ticket): void {
    const at = this.#queue.indexOf(ticket);
    if (at < 0) return;
    this.#queue.splice(at, 1);
    this.#announce(at);
    if (at === 0) this.#queue[0]?.start();
  }

  /** Tells everyone from place `from` on how many are ahead. */
  #announce(from: number): void {
    for (let i = from; i < this.#queue.length; i++) this.#queue[i]!.hooks.queued(i);
  }
}

/** The queue of this Node-RED process. */
export const trainer = new Trainer();
