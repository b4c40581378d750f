import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fitDetector } from "../../../../lib/detect/fit.ts";
import type { FitJob } from "../../../../lib/detect/settings.ts";
import { Trainer, type TrainRequest, type TrainResult } from "../../../../lib/detect/trainer.ts";
import { compare, judge } from "../../../../lib/detect/trainer/compare.ts";
import { Crashed, parts, runTraining } from "../../../../lib/detect/trainer/process.ts";
import { PART } from "../../../../lib/detect/trainer/protocol.ts";
import { MillwrightError } from "../../../../lib/errors.ts";
import { readDetector } from "../../../../lib/models/detector.ts";
import { ModelStore } from "../../../../lib/models/store.ts";
import { processArguments } from "../../../../lib/processes.ts";
import { plant, SPECS } from "../station/support.ts";

function job(rows: number, more: Partial<FitJob> = {}, fault?: Parameters<typeof plant>[2]): FitJob {
  const data = new Float64Array(rows * 3);
  const times = Float64Array.from({ length: rows }, (_, i) => 1e12 + i * 1000);
  let r = 0;
  for (const s of plant(rows, 0, fault)) data.set([s["flow"]!, s["pressure"]!, s["vib"]!], 3 * r++);
  return {
    signals: SPECS,
    periodMs: 0,
    chunks: [{ rows: data, times }],
    exclude: [],
    method: "robust",
    falseAlarmsPerWeek: 1,
    confidence: 0.9,
    seed: 1,
    ...more,
  };
}

/** The training processes that `parent` has started. */
function children(parent = process.pid): number[] {
  const list = execFileSync("ps", ["-eo", "pid=,ppid=,stat=,args="], { encoding: "utf8" });
  return list
    .split("\n")
    .filter((line) => line.includes("trainer.child") && !/^\s*\d+\s+\d+\s+Z/.test(line) && Number(line.trim().split(/\s+/)[1]) === parent)
    .map((line) => parseInt(line, 10));
}

async function until(what: string, done: () => boolean): Promise<void> {
  for (let i = 0; !done(); i++) {
    if (i > 1500) throw new Error(`${what} did not happen`);
    await sleep(10);
  }
}

const hooks = { progress: () => {}, queued: () => {} };
const never = new AbortController().signal;

describe("detect/trainer: queue", () => {
  const request = (model: string): TrainRequest => ({ job: job(10), root: "", model, promotion: "always" });
  const result = { version: 1, sha256: "", promoted: true, verdict: null } as TrainResult;

  it("runs one at a time, in order, and tells each its place", async () => {
    let running = 0;
    const order: string[] = [];
    const trainer = new Trainer(async ({ model }) => {
      assert.equal(++running, 1);
      await sleep(5);
      running--;
      order.push(model);
      return result;
    });
    const places: string[] = [];
    await Promise.all(["a", "b", "c"].map((m) => trainer.train(request(m), { ...hooks, queued: (n) => places.push(`${m}${n}`) }, never)));
    assert.deepEqual(order, ["a", "b", "c"]);
    assert.deepEqual(places, ["a0", "b1", "c2", "b0", "c1", "c0"]);
    assert.deepEqual(trainer.queue, []);
  });

  it("who gives up while waiting leaves the queue; the others move up", async () => {
    const trainer = new Trainer(() => sleep(20, result));
    const away = new AbortController();
    const first = trainer.train(request("a"), hooks, never);
    const second = trainer.train(request("b"), hooks, away.signal);
    const third = trainer.train(request("c"), hooks, never);
    away.abort(new Error("changed my mind"));
    await assert.rejects(second, /changed my mind/);
    await Promise.all([first, third]);
    assert.deepEqual(trainer.queue, []);
  });

  it("a process that dies is started once more; then it is a coded error, and the next one runs", async () => {
    let runs = 0;
    const trainer = new Trainer(async ({ model }) => {
      runs++;
      if (model === "bad" || (model === "unlucky" && runs === 1)) throw new Crashed("SIGKILL");
      return Promise.resolve(result);
    });
    await trainer.train(request("unlucky"), hooks, never);
    assert.equal(runs, 2);
    runs = 5;
    const bad = trainer.train(request("bad"), hooks, never);
    const good = trainer.train(request("good"), hooks, never);
    await assert.rejects(bad, (e: MillwrightError) => e.code === "MW_TRAIN_CRASHED" && /SIGKILL/.test(e.message));
    await good;
    assert.equal(runs, 8);
  });

  it("other failures are not tried again", async () => {
    let runs = 0;
    const trainer = new Trainer(() => {
      runs++;
      return Promise.reject(new MillwrightError("MW_TRAIN_FAILED", { field: "m", got: "x" }));
    });
    await assert.rejects(trainer.train(request("m"), hooks, never), { code: "MW_TRAIN_FAILED" });
    assert.equal(runs, 1);
  });
});

describe("detect/trainer: the process", function () {
  this.timeout(60_000);
  let root = "";
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), "mw-trainer-"));
  });
  afterEach(async () => {
    await rm(root, { recursive: true, force: true });
  });
  const train = (
    j: FitJob,
    signal = never,
    promotion: TrainRequest["promotion"] = "better",
    progress = hooks.progress as (s: number) => void,
  ): Promise<TrainResult> => new Trainer().train({ job: j, root, model: "m", promotion }, { progress, queued: () => {} }, signal);

  it("stores the very model that a fit in line gives, and gives back the state of its streams", async () => {
    const shares: number[] = [];
    const j = job(2000);
    const trained = await train(j, never, "better", (s) => shares.push(s));
    assert.deepEqual([trained.version, trained.promoted, trained.verdict], [1, true, null]);
    const { bytes, sha256 } = await new ModelStore(root).read("m");
    assert.equal(sha256, trained.sha256);
    const here = fitDetector(j);
    const there = readDetector(bytes);
    const plain = (m: object): object => ({ ...m, trained: { ...(m as typeof there).trained, created: 0 } });
    assert.deepEqual(plain(there), plain(here.model));
    assert.deepEqual(trained.warm, here.warm);
    assert.ok(shares.length > 0 && shares.every((s, i) => s >= (shares[i - 1] ?? 0) && s <= 1));
    assert.deepEqual(children(), []);
  });

  it("runs at low priority", async () => {
    const run = train(job(4000, { method: "auto" }));
    await until("the process", () => children().length === 1);
    await until("low priority", () => Number(execFileSync("ps", ["-o", "ni=", "-p", String(children()[0] ?? 0)], { encoding: "utf8" })) >= 10);
    await run;
  });

  it("says what the data lacks", async () => {
    await assert.rejects(train(job(5)), { code: "MW_TRAIN_FAILED" });
    await assert.rejects(train(job(500, {}, (s) => (s.flow = s.pressure = s.vib = NaN))), { code: "MW_TRAIN_FAILED" });
    assert.deepEqual(await readdir(root), []);
  });

  it("says that the store cannot be written", async () => {
    await writeFile(join(root, "m"), "a file where the folder should be");
    await assert.rejects(train(job(500)), (e: MillwrightError) => e.code.startsWith("MW_STORE_"));
  });

  it("an abort ends it at once and leaves the store as it was", async () => {
    const stop = new AbortController();
    const run = train(job(20_000, { method: "auto" }), stop.signal);
    await until("the process", () => children().length === 1);
    await sleep(300);
    stop.abort(new Error("enough"));
    await assert.rejects(run, /enough/);
    await until("its end", () => children().length === 0);
    assert.deepEqual(await readdir(root), []);
  });

  it("is ended when it takes too long", async () => {
    const request: TrainRequest = { job: job(20_000, { method: "auto" }), root, model: "m", promotion: "always" };
    await assert.rejects(runTraining(request, hooks.progress, never, 500), { code: "MW_TRAIN_TIMEOUT" });
    await until("its end", () => children().length === 0);
  });

  it("does not outlive a Node-RED that was killed", async () => {
    const script = `
      import { Trainer } from ${JSON.stringify(join(import.meta.dirname, "../../../../lib/detect/trainer.ts"))};
      const rows = new Float64Array(60000).map(() => Math.random()), times = new Float64Array(20000).map((_, i) => i * 1000);
      const signals = ["a", "b", "c"].map((name) => ({ name, unit: "", low: null, high: null, kind: "auto" }));
      await new Trainer().train({ job: { signals, periodMs: 0, chunks: [{ rows, times }], exclude: [], method: "auto", falseAlarmsPerWeek: 1, confidence: 0.9, seed: 1 }, root: ${JSON.stringify(root)}, model: "m", promotion: "always" },
        { progress() {}, queued() {} }, new AbortController().signal);`;
    const file = join(root, "parent.mts");
    await writeFile(file, script);
    const parent = spawn(process.execPath, [...processArguments(), file], { stdio: "ignore" });
    await until("the process", () => children(parent.pid).length === 1);
    const [child] = children(parent.pid);
    await sleep(300);
    parent.kill("SIGKILL");
    await once(parent, "exit");
    await until("its end", () => {
      const state = execFileSync("sh", ["-c", `ps -o stat= -p ${child} || true`], { encoding: "utf8" }).trim();
      return state === "" || state.startsWith("Z");
    });
  });

  it("compares a new version with the active one, and only stores it when promotion is manual", async () => {
    await train(job(2000));
    const again = await train(job(2000));
    assert.equal(again.version, 2);
    assert.match(again.verdict!.en, /false alarms/);
    assert.match(again.verdict!.zh, /误报/);
    const manual = await train(job(1000), never, "manual");
    assert.equal(manual.promoted, false);
  });
});

describe("detect/trainer: parts and comparison", () => {
  it("no part is larger than the limit, and together they are everything", () => {
    const j = job(40_000);
    let rows = 0;
    for (const p of parts(j.chunks, 3)) {
      assert.ok(p.rows.byteLength + p.times.byteLength <= PART);
      assert.equal(p.times[0], j.chunks[0]!.times[rows]);
      assert.equal(p.rows[0], j.chunks[0]!.rows[3 * rows]);
      rows += p.times.length;
    }
    assert.equal(rows, 40_000);
  });

  it("a model with a limit that is too low loses, one that finds more of what is labelled wins", () => {
    const rows = 1500;
    const label = Uint8Array.from({ length: rows }, (_, i) => (i >= 1200 && i < 1230 ? 1 : 0));
    let i = 0;
    const j = job(rows, { label }, (s) => {
      const n = i++;
      if (n >= 1200 && n < 1230) s.vib += 4;
    });
    const { model } = fitDetector(j);
    const nervous = { ...model, limit: model.limit / 8 };
    const blind = { ...model, limit: model.limit * 1000 };
    const cut = 1050;
    assert.equal(judge(j, model, model, cut).better, true);
    assert.equal(judge(j, model, nervous, cut).better, false);
    assert.equal(judge(j, nervous, model, cut).better, true);
    assert.equal(judge(j, model, blind, cut).better, false);
    assert.equal(compare(j, { ...model, signals: SPECS.slice(0, 2) }, "robust").better, true);
  });

  it("is made on samples that the new version's stand-in has not learned", () => {
    let i = 0;
    const j = job(2000, { method: "mahalanobis" }, (s) => {
      if (i++ >= 1400) s.vib += 1; // nobody said so: a fit to everything takes it for normal
    });
    const everything = fitDetector(j).model;
    const blind = { ...everything, limit: everything.limit * 1000 };
    assert.equal(judge(j, blind, everything, 1400).better, true);
    assert.equal(compare(j, blind, "mahalanobis").better, false);
  });

  it("needs enough samples, and says so", () => {
    const { model } = fitDetector(job(2000));
    const { better, verdict } = compare(job(35), model, "robust");
    assert.equal(better, false);
    assert.match(verdict.en, /Too few/);
    assert.match(verdict.zh, /太少/);
  });

  it("looks at labelled runs with what leads up to them, wherever they are", () => {
    const bad = (n: number): boolean => n >= 300 && n < 2300 && (n - 300) % 250 < 40;
    let i = 0;
    const j = job(4000, { method: "mahalanobis", label: Uint8Array.from({ length: 4000 }, (_, n) => (bad(n) ? 1 : 0)) }, (s) => {
      if (bad(i++)) s.vib += 4;
    });
    const { model } = fitDetector(j);
    const found = Number(/(\d+) % of the labelled/.exec(judge(j, model, model, 2800).verdict.en)?.[1]);
    assert.ok(found >= 95, String(found));
  });

  it("an excluded period is nobody's fault: no alarm in it is false, nothing in it has to be found", () => {
    const fault = (): Parameters<typeof plant>[2] => {
      let i = 0;
      return (s) => {
        if (++i > 1700 && i < 1800) s.vib += 4;
      };
    };
    const { model } = fitDetector(job(1400));
    const seen = judge(job(2000, {}, fault()), model, model, 1400).verdict.en;
    assert.doesNotMatch(seen, /: 0 false alarms/);
    const excluded = judge(job(2000, { exclude: [[1e12 + 1_690_000, 1e12 + 1_810_000]] }, fault()), model, model, 1400).verdict.en;
    assert.match(excluded, /: 0 false alarms;/);
    assert.doesNotMatch(excluded, /labelled/);
  });
});
