/** One run of the training process: forks it, hands over the samples in parts, and turns whatever happens into one result. */
import { fork, type ChildProcess } from "node:child_process";
import { setImmediate as nextTurn } from "node:timers/promises";
import { MillwrightError } from "../../errors.ts";
import { processArguments, processPath } from "../../processes.ts";
import { unpack } from "../frames.ts";
import type { SampleChunk } from "../buffer.ts";
import type { FitJob } from "../settings.ts";
import type { WarmState } from "../watcher.ts";
import { PART, type FromChild, type Promotion, type ToChild, type Trained } from "./protocol.ts";

export interface TrainRequest {
  readonly job: FitJob;
  /** Folder of the model store, and the model's name in it. */
  readonly root: string;
  readonly model: string;
  readonly promotion: Promotion;
}

export interface TrainResult extends Trained {
  /** State of the streams at the end of the training samples. */
  readonly warm: WarmState;
}

export type Progress = (share: number, what: string) => void;

/** The process ended without an answer. */
export class Crashed extends Error {
  override readonly name = "Crashed";
}

/** A run that takes longer is ended, so that it cannot block the queue for ever. */
const LIMIT = 2 * 3600 * 1000; // ms
const STDERR_KEPT = 2000; // characters

/** Runs `request` in a process of its own. Rejects with a coded error, with `Crashed`, or with `closing.reason`; never leaves a process behind. */
export async function runTraining(request: TrainRequest, progress: Progress, closing: AbortSignal, limitMs = LIMIT): Promise<TrainResult> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(new MillwrightError("MW_TRAIN_TIMEOUT", { field: request.model, got: limitMs / 1000 })), limitMs).unref();
  const signal = AbortSignal.any([closing, late.signal]);
  signal.throwIfAborted();
  const child = fork(processPath("trainer"), [], { execArgv: processArguments(), serialization: "advanced", stdio: ["ignore", "ignore", "pipe", "ipc"] });
  const kill = (): void => void child.kill("SIGKILL");
  signal.addEventListener("abort", kill, { once: true });
  try {
    const answer = answered(child, progress);
    answer.catch(() => {}); // it may come while the samples are still on their way
    await Promise.race([hand(child, request), answer]);
    return await answer;
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", kill);
    kill();
  }
}

function answered(child: ChildProcess, progress: Progress): Promise<TrainResult> {
  const warm: Uint8Array[] = [];
  let complaint = "";
  child.stderr?.on("data", (text: Buffer) => (complaint = (complaint + text.toString()).slice(-STDERR_KEPT)));
  return new Promise((resolve, reject) => {
    child.on("message", (raw) => {
      const message = raw as FromChild;
      switch (message.type) {
        case "ready":
          return;
        case "progress":
          progress(message.share, message.what);
          return;
        case "warm":
          warm.push(message.bytes);
          return;
        case "done":
          resolve({ ...message.trained, warm: unpack(join(warm)) as WarmState });
          return;
        case "failed":
          reject(new MillwrightError(message.code, message.details));
          return;
        default:
          message satisfies never;
      }
    });
    child.on("error", (error) => {
      reject(new Crashed(error.message, { cause: error }));
    });
    child.once("exit", (code, by) => {
      const how = by ?? `exit code ${code ?? "unknown"}`;
      reject(new Crashed(complaint === "" ? how : `${how}: ${lastLine(complaint)}`));
    });
  });
}

/** Sends the samples, one part per turn of the event loop, each only when the one before is on its way. */
async function hand(child: ChildProcess, { job, root, model, promotion }: TrainRequest): Promise<void> {
  const { chunks, ...rest } = job;
  for (const chunk of parts(chunks, job.signals.length)) {
    await send(child, { type: "chunk", rows: chunk.rows, times: chunk.times });
    await nextTurn();
  }
  await send(child, { type: "fit", job: rest, root, model, promotion });
}

/** The chunks again, none larger than PART: views, not copies. */
export function* parts(chunks: readonly SampleChunk[], signals: number): Generator<SampleChunk> {
  const most = Math.max(1, Math.floor(PART / (8 * (signals + 1))));
  for (const { rows, times } of chunks) {
    for (let from = 0; from < times.length; from += most) {
      const to = Math.min(times.length, from + most);
      yield { rows: rows.subarray(from * signals, to * signals), times: times.subarray(from, to) };
    }
  }
}

function send(child: ChildProcess, message: ToChild): Promise<void> {
  return new Promise((resolve, reject) => {
    child.send(message, (error) => {
      if (error) reject(new Crashed(error.message, { cause: error }));
      else resolve();
    });
  });
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, p) => sum + p.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

const lastLine = (text: string): string => text.trim().split("\n").at(-1) ?? "";
