/** A station with its collaborators in memory: the fit runs in line, the store is a list, the clock is set by hand. */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { MillwrightError } from "../../../../lib/errors.ts";
import { fitDetector } from "../../../../lib/detect/fit.ts";
import type { DetectorModel } from "../../../../lib/detect/model.ts";
import { Station, type Message, type StationSettings } from "../../../../lib/detect/station.ts";
import { ModelBus } from "../../../../lib/detect/station/bus.ts";
import type { StationEvent } from "../../../../lib/detect/station/events.ts";
import { Keeper } from "../../../../lib/detect/station/keeper.ts";
import type { Shelf, Shelved, StoredVersion } from "../../../../lib/detect/station/shelf.ts";
import { trainingFailure } from "../../../../lib/detect/trainer/failure.ts";
import type { Trainer, TrainRequest, TrainResult } from "../../../../lib/detect/trainer.ts";
import type { SignalSpec } from "../../../../lib/signals/types.ts";

interface Version {
  model: DetectorModel;
  sha256: string;
  damaged?: boolean;
}

/** Models in memory; versions count from 1. */
export class MemoryShelf implements Shelf {
  readonly all: Version[] = [];
  active: number[] = []; // newest last
  readonly pruned: { readonly keep: number; readonly pinned: readonly number[] }[] = [];

  add(model: DetectorModel, promote: boolean): { version: number; sha256: string } {
    const version = this.all.length + 1;
    const sha256 = `${version}`.repeat(64).slice(0, 64);
    this.all.push({ model, sha256 });
    if (promote) this.active.push(version);
    return { version, sha256 };
  }

  async read(name: string, version?: number): Promise<Shelved | undefined> {
    await nextTurn();
    const damaged: MillwrightError[] = [];
    for (const v of version === undefined ? [...this.active].reverse() : [version]) {
      const found = this.all[v - 1];
      if (!found) throw new MillwrightError("MW_MODEL_NOT_FOUND", { field: name, got: v });
      if (!found.damaged) return { model: found.model, version: v, sha256: found.sha256, damaged };
      damaged.push(new MillwrightError("MW_MODEL_DAMAGED", { field: name, got: v, expected: "another hash" }));
    }
    if (damaged.length > 0) throw damaged[0]!;
    return undefined;
  }

  async versions(): Promise<StoredVersion[]> {
    return Promise.resolve(this.all.map((v, i) => ({ version: i + 1, sha256: v.sha256, bytes: 1, created: 0, active: this.active.at(-1) === i + 1 })));
  }

  async promote(name: string, version: number): Promise<void> {
    if (!this.all[version - 1]) throw new MillwrightError("MW_MODEL_NOT_FOUND", { field: name, got: version });
    this.active.push(version);
    return Promise.resolve();
  }

  async rollback(name: string): Promise<number> {
    if (this.active.length < 2) throw new MillwrightError("MW_MODEL_NOT_FOUND", { field: name, got: "to roll back to" });
    this.active.pop();
    return Promise.resolve(this.active.at(-1)!);
  }

  async prune(_name: string, keep: number, pinned: readonly number[]): Promise<void> {
    this.pruned.push({ keep, pinned: [...pinned] });
    return Promise.resolve();
  }
}

/** Fits in line. `before` may delay or fail a run. */
export class InlineTrainer implements Pick<Trainer, "train"> {
  before: (request: TrainRequest, signal: AbortSignal) => Promise<void> = async () => {};
  /** What the comparison with the active version says. */
  better = true;
  runs = 0;
  readonly #shelf: MemoryShelf;

  constructor(shelf: MemoryShelf) {
    this.#shelf = shelf;
  }

  async train(request: TrainRequest, hooks: Parameters<Trainer["train"]>[1], signal: AbortSignal): Promise<TrainResult> {
    this.runs++;
    hooks.queued(0);
    await nextTurn();
    await this.before(request, signal);
    signal.throwIfAborted();
    try {
      const { model, warm } = fitDetector(request.job, hooks.progress);
      const promoted = request.promotion === "always" || (request.promotion === "better" && this.better);
      return { ...this.#shelf.add(model, promoted), promoted, verdict: null, warm };
    } catch (error) {
      throw trainingFailure(error, request.model);
    }
  }
}

/** The events whose type can be `T`. */
type Of<T, E = StationEvent> = E extends { readonly type: infer U } ? (T extends U ? E : never) : never;

export interface Rig {
  readonly station: Station;
  readonly shelf: MemoryShelf;
  readonly trainer: InlineTrainer;
  readonly events: StationEvent[];
  readonly reports: MillwrightError[];
  readonly notes: string[];
  readonly statuses: string[];
  readonly out: Message[];
  readonly folder: string;
  /** Sends one message and waits until it has left (or rejects). */
  send(msg: Message): Promise<Message>;
  /** Sends samples synchronously where possible. */
  feed(samples: Iterable<unknown>, more?: (i: number) => Message): Promise<void>;
  /** Waits until an event of this type has come. */
  event<T extends StationEvent["type"]>(type: T): Promise<Of<T>>;
  types(): string[];
}

export const SPECS: readonly SignalSpec[] = ["flow", "pressure", "vib"].map((name) => ({ name, unit: "", low: null, high: null, kind: "auto" }));

export interface RigOptions {
  readonly settings?: Partial<StationSettings>;
  readonly detector?: Partial<StationSettings["detector"]>;
  readonly model?: Partial<StationSettings["model"]>;
  readonly shelf?: MemoryShelf;
  readonly bus?: ModelBus;
  readonly folder?: string;
  readonly id?: string;
  readonly keeper?: Keeper;
}

/** Opens a station with three signals, `robust` (the quickest fit), learning from 300 samples. */
export async function rig(options: RigOptions = {}): Promise<Rig> {
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), "mw-station-"));
  const shelf = options.shelf ?? new MemoryShelf();
  const trainer = new InlineTrainer(shelf);
  const events: StationEvent[] = [];
  const reports: MillwrightError[] = [];
  const notes: string[] = [];
  const statuses: string[] = [];
  const out: Message[] = [];
  const settings: StationSettings = {
    signals: { signals: SPECS, periodMs: 0 },
    property: ["payload"],
    output: ["anomaly"],
    detector: {
      method: "robust",
      mode: "watch",
      learnSamples: 300,
      learnMs: 0,
      falseAlarmsPerWeek: 1,
      confidence: 0.9,
      clearAt: 0.5,
      refractory: 0,
      seed: 1,
      ...options.detector,
    },
    ...options.settings,
    model: { root: join(folder, "models"), name: "m", promote: "auto", own: true, ...options.model },
  };
  const station = new Station(
    settings,
    {
      shelf,
      trainer,
      bus: options.bus ?? new ModelBus(),
      keeper: options.keeper ?? new Keeper(folder, options.id ?? "n1"),
      now: () => Date.now(),
      saveEveryMs: 50,
    },
    {
      language: "en",
      emit: (e) => events.push(e),
      status: (_fill, _shape, key, value) => statuses.push(`${key} ${value}`.trim()),
      report: (e) => reports.push(e),
      note: (s) => notes.push(s.text),
    },
  );
  await station.open();
  const signal = new AbortController().signal;
  const send = async (msg: Message): Promise<Message> => {
    await station.input(msg, (m) => out.push(m), signal);
    return msg;
  };
  return {
    station,
    shelf,
    trainer,
    events,
    reports,
    notes,
    statuses,
    out,
    folder,
    send,
    async feed(samples, more = () => ({})) {
      let i = 0;
      for (const payload of samples) {
        const pending = station.input({ payload, ...more(i++) }, (m) => out.push(m), signal);
        if (pending) await pending;
      }
    },
    async event(type) {
      for (let i = 0; i < 2000; i++) {
        const found = events.find((e) => e.type === type);
        if (found) return found as never;
        await new Promise((r) => setTimeout(r, 5));
      }
      throw new Error(`no ${type} among ${events.map((e) => e.type).join(" ")}; reports ${reports.map((r) => r.message).join("; ")}`);
    },
    types: () => events.map((e) => e.type),
  };
}

/** Deterministic normal operation: `count` samples from `from` on. */
export function* plant(
  count: number,
  from = 0,
  fault: (s: { flow: number; pressure: number; vib: number }) => void = () => {},
): Generator<Record<string, number>> {
  const noise = (i: number, k: number): number => {
    const x = Math.sin((i + 1) * 12.9898 + k * 78.233) * 43758.5453;
    return x - Math.floor(x) - 0.5;
  };
  for (let i = from; i < from + count; i++) {
    const load = Math.sin(i / 20);
    const s = { flow: 50 + 5 * load + noise(i, 1), pressure: 4 + 0.3 * load + 0.1 * noise(i, 2), vib: 1 + 0.2 * noise(i, 3) };
    fault(s);
    yield s;
  }
}
