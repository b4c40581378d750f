import assert from "node:assert/strict";
import { join, prepare, usableRows, type Prepared } from "../../../lib/detect/prepare.ts";
import type { FitJob } from "../../../lib/detect/settings.ts";
import { FitError, type Matrix } from "../../../lib/detect/types.ts";
import { learnHealth } from "../../../lib/signals/learn.ts";
import { column, jobOf, plant, row, spec } from "./support.ts";

const run = (job: FitJob): Prepared => {
  const recording = join(job);
  return prepare(job, recording, learnHealth(recording.x, recording.times, { signals: job.signals, periodMs: job.periodMs }));
};
const ROWS = 200;
const T0 = 1e6;
const clean = plant(ROWS, 3, 1);
/** The plant with some values taken away. */
const holed = (holes: readonly (readonly [row: number, column: number])[]): Matrix => {
  const x = { ...clean, data: clean.data.slice() };
  for (const [r, c] of holes) x.data[r * 3 + c] = NaN;
  return x;
};
const span = (from: number, to: number, c: number): [number, number][] => Array.from({ length: to - from }, (_, i) => [from + i, c]);

describe("prepare: which rows are learned", () => {
  it("joins the chunks of a job in order", () => {
    const { x, times } = join(jobOf(clean, {}, undefined, 37));
    assert.deepEqual(x, clean);
    assert.deepEqual([times[0], times[1], times[199]], [T0, T0 + 1000, T0 + 199_000]);
  });

  it("takes clean data as it is", () => {
    const p = run(jobOf(clean));
    assert.deepEqual(p.train, { x: clean, starts: [0] });
    assert.deepEqual(
      [p.kinds, p.columns],
      [
        ["analog", "analog", "analog"],
        [0, 1, 2],
      ],
    );
    assert.equal(p.times.length, ROWS);
  });

  it("leaves excluded periods out, ends included, and starts a new run after each", () => {
    const p = run(jobOf(clean, { exclude: [[T0 + 50_000, T0 + 59_000], [T0 + 100_000, T0 + 100_000]] })); // prettier-ignore
    assert.equal(p.train.x.rows, ROWS - 11);
    assert.deepEqual(p.train.starts, [0, 50, 90]);
    assert.deepEqual([p.times[49], p.times[50], p.times[90]], [T0 + 49_000, T0 + 60_000, T0 + 101_000]);
    assert.deepEqual(row(p.train.x, 50), row(clean, 60));
  });

  it("leaves labelled samples out", () => {
    const label = new Uint8Array(ROWS);
    label.fill(1, 0, 20);
    label[120] = 1;
    const job = jobOf(clean, { label });
    assert.equal(usableRows(job, join(job).times).reduce((a, b) => a + b, 0), ROWS - 21); // prettier-ignore
    const p = run(job);
    assert.deepEqual([p.train.x.rows, p.train.starts], [ROWS - 21, [0, 100]]);
    assert.equal(p.times[0], T0 + 20_000);
  });

  it("starts a new run after a gap in time, and fills nothing across it", () => {
    const times = Float64Array.from({ length: ROWS }, (_, r) => T0 + 1000 * r + (r >= 80 ? 600_000 : 0));
    assert.deepEqual(run(jobOf(clean, {}, times)).train.starts, [0, 80]);
    // a value that is missing right after the gap is not known from before it
    const p = run(jobOf(holed([[80, 1]]), {}, times));
    assert.deepEqual([p.train.x.rows, p.train.starts], [ROWS - 1, [0, 80]]);
    assert.deepEqual(row(p.train.x, 80), row(clean, 81));
  });
});

describe("prepare: holes", () => {
  it("fills up to five missing values with the last one", () => {
    const p = run(jobOf(holed(span(40, 45, 1))));
    assert.deepEqual([p.train.x.rows, p.train.starts], [ROWS, [0]]);
    const filled = column(p.train.x, 1);
    for (let r = 40; r < 45; r++) assert.equal(filled[r], clean.data[39 * 3 + 1]);
    assert.equal(filled[45], clean.data[45 * 3 + 1]);
    assert.deepEqual(column(p.train.x, 0), column(clean, 0));
  });

  it("ends the run at the sixth", () => {
    const p = run(jobOf(holed(span(40, 52, 1))));
    assert.equal(p.train.x.rows, ROWS - 7); // rows 45..51
    assert.deepEqual(p.train.starts, [0, 45]);
    assert.deepEqual(row(p.train.x, 45), row(clean, 52));
    assert.ok(p.train.x.data.every(Number.isFinite));
  });

  it("does not fill from before a row that was not learned", () => {
    const label = new Uint8Array(ROWS);
    label[60] = 1;
    const p = run(jobOf(holed([[61, 2]]), { label }));
    assert.deepEqual([p.train.x.rows, p.train.starts], [ROWS - 2, [0, 60]]);
  });

  it("leaves out the rows before a signal's first value", () => {
    const p = run(jobOf(holed(span(0, 12, 0))));
    assert.deepEqual([p.train.x.rows, p.train.starts, p.times[0]], [ROWS - 12, [0], T0 + 12_000]);
  });

  it("takes an infinite value for missing", () => {
    const x = holed([]);
    x.data[70 * 3] = Infinity;
    const p = run(jobOf(x));
    assert.equal(p.train.x.data[70 * 3], clean.data[69 * 3]);
  });
});

describe("prepare: which signals are learned", () => {
  it("leaves out a signal that is missing most of the time, and those to be ignored", () => {
    const p = run(jobOf(holed(span(0, 120, 1)), { signals: [spec("a"), spec("b"), spec("c")] }));
    assert.deepEqual([p.kinds, p.columns, p.train.x.cols, p.train.x.rows], [["analog", "ignore", "analog"], [0, 2], 2, ROWS]);
    const q = run(jobOf(clean, { signals: [spec("a", "ignore"), spec("b"), spec("c")] }));
    assert.deepEqual(
      [q.kinds, q.columns],
      [
        ["ignore", "analog", "analog"],
        [1, 2],
      ],
    );
    assert.deepEqual(column(q.train.x, 0), column(clean, 1));
  });

  it("counts what is missing only among the rows that may be learned", () => {
    const p = run(jobOf(holed(span(0, 120, 1)), { exclude: [[T0, T0 + 119_000]] }));
    assert.deepEqual([p.kinds[1], p.train.x.rows], ["analog", 80]);
  });

  it("shows the methods analog signals and constants that are no bits; what was declared wins", () => {
    const x = { ...clean, data: clean.data.map((v, i) => (i % 3 === 1 ? Math.floor(i / 30) % 2 : i % 3 === 2 ? 5 : v)) };
    const p = run(jobOf(x));
    assert.deepEqual(
      [p.kinds, p.columns],
      [
        ["analog", "discrete", "constant"],
        [0, 2],
      ],
    );
    const q = run(jobOf(x, { signals: [spec("a"), spec("b", "analog"), spec("c", "discrete")] }));
    assert.deepEqual(
      [q.kinds, q.columns],
      [
        ["analog", "analog", "constant"],
        [0, 1, 2],
      ],
    );
  });

  it("says in both languages what is wrong with the data", () => {
    const told = (x: Matrix, en: RegExp, zh: RegExp, more: Partial<FitJob> = {}): void =>
      assert.throws(
        () => run(jobOf(x, more)),
        (e: unknown) => e instanceof FitError && en.test(e.text.en) && zh.test(e.text.zh),
      );
    told({ ...clean, data: clean.data.map(() => 3) }, /no signal varies/, /没有任何信号变化/);
    told(clean, /no signal varies/, /没有任何信号变化/, { signals: [spec("a", "ignore"), spec("b", "ignore"), spec("c", "ignore")] });
    told(clean, /no signal varies/, /没有任何信号变化/, { exclude: [[0, 1e9]] });
    told(plant(29, 3, 1), /29 usable samples, at least 80/, /29 个可用样本，至少需要 80/);
    told(clean, /29 usable samples, at least 80/, /29/, { exclude: [[T0 + 29_000, 1e9]] });
  });
});
