/** The training process: takes samples, fits, writes the model file into the store, answers. Low priority, one job, then it ends. */
import { constants, setPriority } from "node:os";
import { setImmediate as nextTurn } from "node:timers/promises";
import { MillwrightError } from "../../errors.ts";
import { readDetector, writeDetector } from "../../models/detector.ts";
import { ModelStore } from "../../models/store.ts";
import type { SampleChunk } from "../buffer.ts";
import { fitDetector } from "../fit.ts";
import { pack } from "../frames.ts";
import type { DetectorModel } from "../model.ts";
import type { FitJob } from "../settings.ts";
import { compare } from "./compare.ts";
import { trainingFailure } from "./failure.ts";
import { PART, type FromChild, type ToChild, type Trained } from "./protocol.ts";

const TELL_EVERY = 250; // ms between progress messages
/** Part of the work that is the fit of the new version, where it is compared with an active one. */
const FIT_SHARE = 0.7;

const parent = process.ppid;
const chunks: SampleChunk[] = [];
let toldAt = -Infinity;

function lowPriority(): void {
  try {
    setPriority(constants.priority.PRIORITY_LOW);
  } catch {
    // not allowed here: the work is the same, only less polite
  }
}

function send(message: FromChild): Promise<void> {
  return new Promise((resolve, reject) => {
    process.send!(message, (error: Error | null) => {
      if (error) reject(error);
      else resolve();
    });
  });
}

/** Called while the fit runs, which does not let the event loop turn: an orphan notices here that nobody waits for it. */
function progress(share: number, what: string): void {
  if (process.ppid !== parent) process.exit(1);
  const now = performance.now();
  if (now - toldAt < TELL_EVERY) return;
  toldAt = now;
  process.send!({ type: "progress", share, what } satisfies FromChild);
}

async function train({ job: rest, root, model: name, promotion }: Extract<ToChild, { type: "fit" }>): Promise<void> {
  const job: FitJob = { ...rest, chunks };
  const store = new ModelStore(root);
  const active = promotion === "better" ? await activeModel(store, name) : undefined;
  const part = active ? FIT_SHARE : 1; // the rest is the comparison
  const { model, warm } = fitDetector(job, (share, what) => {
    progress(part * share, what);
  });
  const { better, verdict } = active ? compare(job, active, model.members[0]?.method ?? job.method) : { better: promotion !== "manual", verdict: null };
  const { version, sha256 } = await store.write(name, writeDetector(model), { promote: better });
  const state = pack(warm);
  for (let at = 0; at < state.length; at += PART) {
    await send({ type: "warm", bytes: state.subarray(at, at + PART) });
    await nextTurn();
  }
  await send({ type: "done", trained: { version, sha256, promoted: better, verdict } satisfies Trained });
}

async function activeModel(store: ModelStore, name: string): Promise<DetectorModel | undefined> {
  try {
    return readDetector((await store.read(name)).bytes);
  } catch (error) {
    if (error instanceof MillwrightError && error.code.startsWith("MW_MODEL_")) return undefined; // none, or none that can be used
    throw error;
  }
}

function failure(error: unknown, name: string): FromChild {
  const { code, details } = trainingFailure(error, name);
  return { type: "failed", code, details };
}

lowPriority();
process.on("disconnect", () => process.exit(1));
process.on("message", (raw) => {
  const message = raw as ToChild;
  if (message.type === "chunk") {
    chunks.push({ rows: message.rows, times: message.times });
    return;
  }
  train(message)
    .catch((error: unknown) => send(failure(error, message.model)))
    .then(
      () => process.exit(0),
      () => process.exit(1),
    );
});
