import assert from "node:assert/strict";
import fc from "fast-check";
import { MillwrightError, type ErrorCode } from "../../../lib/errors.ts";
import { readDataset, type DatasetMessage, type DatasetOptions } from "../../../lib/message/dataset.ts";
import { within, parsePeriods } from "../../../lib/message/labels.ts";
import type { SignalSpec } from "../../../lib/signals/types.ts";

const signal = (name: string, unit = ""): SignalSpec => ({ name, unit, low: null, high: null, kind: "auto" });
const SET = { signals: [signal("temp"), signal("vib")] };

async function rowsOf(payload: string | unknown[], options: DatasetOptions = {}, msg: DatasetMessage = {}) {
  const { signals, x, times, usable, labels, notes } = await readDataset(msg, payload, options);
  const rows = Array.from({ length: x.rows }, (_, r) => [...x.data.subarray(r * x.cols, (r + 1) * x.cols)]);
  return { names: signals.map((s) => s.name), rows, times: [...times], usable: [...usable], labels: labels && [...labels], notes: notes.map((n) => n.text) };
}

const refuses = (run: Promise<unknown>, code: ErrorCode, text: RegExp) =>
  assert.rejects(run, (error: unknown) => error instanceof MillwrightError && error.code === code && text.test(error.message));

describe("readDataset from arrays", () => {
  it("objects, arrays, numbers", async () => {
    assert.deepEqual((await rowsOf([{ temp: 1, vib: 2 }, { vib: 4, temp: 3 }], SET)).rows, [[1, 2], [3, 4]]); // prettier-ignore
    assert.deepEqual((await rowsOf([[1, 2], Float32Array.of(3, 4)], SET)).rows, [[1, 2], [3, 4]]); // prettier-ignore
    assert.deepEqual((await rowsOf([1, 2, 3], { signals: [signal("x")] })).rows, [[1], [2], [3]]);
  });

  it("takes the signals from the first row when there are none", async () => {
    const got = await rowsOf([
      { time: 5, a: 1, b: 2, label: 0, id: "pump" },
      { time: 6, a: 3, b: null, label: 1, id: "pump" },
    ]);
    assert.deepEqual(got.names, ["a", "b"]);
    assert.deepEqual(got.rows, [[1, 2], [3, NaN]]); // prettier-ignore
    assert.deepEqual([got.times, got.labels, got.usable], [[5, 6], [0, 1], [1, 0]]); // prettier-ignore
  });

  it("msg.labels and msg.exclude", async () => {
    const rows = Array.from({ length: 5 }, (_, i) => ({ timestamp: i * 1000, temp: i, vib: i }));
    const got = await rowsOf(rows, SET, { labels: [0, 1, null, false, 0], exclude: [[3000, "1970-01-01T00:00:03.500Z"]] });
    assert.deepEqual([got.labels, got.usable], [[0, 1, -1, 0, 0], [1, 0, 1, 0, 1]]); // prettier-ignore
  });

  it("msg.timestamp: a list, or the last row's", async () => {
    const rows = [[1, 2], [3, 4]]; // prettier-ignore
    assert.deepEqual((await rowsOf(rows, SET, { timestamp: [5, "6"] })).times, [5, 6]);
    assert.deepEqual((await rowsOf(rows, { ...SET, periodMs: 10 }, { timestamp: 100 })).times, [90, 100]);
    assert.deepEqual((await rowsOf(rows, SET, { timestamp: 100 })).times, [NaN, 100]);
  });

  it("coded errors that name the row", async () => {
    const bad = [[1, 2], [3]]; // prettier-ignore
    await refuses(rowsOf(bad, SET), "MW_DATASET_ROW", /row 2 of msg.payload.*2 numbers.*array of 1/);
    await refuses(rowsOf([{ temp: 1, vib: 2 }, null], SET), "MW_DATASET_ROW", /row 2.*null/);
    await refuses(rowsOf([{ temp: 1, vib: {} }], SET), "MW_DATASET_ROW", /row 1.*vib/);
    await refuses(rowsOf([[1, 2]], SET, { labels: [1, 0] }), "MW_DATASET_LABELS", /labels.*1 labels.*array of 2/);
    await refuses(rowsOf([[1, 2]], SET, { labels: ["broken"] }), "MW_DATASET_LABELS", /labels\[0\].*broken/);
    await refuses(rowsOf([[1, 2]], SET, { exclude: [[5, 4]] }), "MW_DATASET_LABELS", /exclude.*array of 2/);
    await refuses(rowsOf([[1, 2]], SET, { exclude: [[4, 5]] }), "MW_DATASET_LABELS", /exclude.*without a time/);
    await refuses(rowsOf([[1, 2]], SET, { timestamp: [1, 2] }), "MW_TIMESTAMP_INVALID", /timestamp/);
    await refuses(rowsOf([[1, 2]], SET, { timestamp: [1_764_000_000] }), "MW_TIMESTAMP_INVALID", /timestamp\[0\].*looks like seconds/);
    await refuses(rowsOf([[1, 2]], SET, { timestamp: 1_764_000_000 }), "MW_TIMESTAMP_INVALID", /looks like seconds/);
    await refuses(rowsOf([{ temp: 1, vib: 2, time: 1_764_000_000 }], SET), "MW_TIMESTAMP_INVALID", /payload\.time in row 1 .*looks like seconds/);
    await refuses(rowsOf([{ temp: 1, vib: 2, time: 5 }], SET, { exclude: [[1_764_000_000, 1_764_000_009]] }), "MW_DATASET_LABELS", /looks like seconds/);
    await refuses(rowsOf("time,temp,vib\n1000,1,2\n1764000000,1,2\n", SET), "MW_TIMESTAMP_INVALID", /payload, line 3 .*looks like seconds/);
    await refuses(rowsOf([[1, 2], [1, 2]], { ...SET, maxRows: 1 }), "MW_PAYLOAD_TOO_LARGE", /2 rows.*1 rows/); // prettier-ignore
  });

  it("never anything but a dataset or a coded error", async () => {
    const row = fc.oneof(fc.record({ temp: fc.anything(), vib: fc.anything() }), fc.array(fc.anything(), { maxLength: 3 }), fc.anything());
    await fc.assert(
      fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 4 }), fc.anything(), fc.anything(), async (rows, labels, exclude) => {
        try {
          const { x } = await readDataset({ labels, exclude }, rows, fc.stringify(rows).length % 2 === 0 ? SET : {});
          assert.equal(x.data.length, x.rows * x.cols);
        } catch (error) {
          if (!(error instanceof MillwrightError)) throw error;
        }
      }),
      { numRuns: 500 },
    );
  });

  it("stops when aborted", async () => {
    const stop = new AbortController();
    const rows = Array.from({ length: 200_000 }, (_, i) => [i, i]);
    setImmediate(() => stop.abort());
    await assert.rejects(readDataset({}, rows, { ...SET, signal: stop.signal }), { name: "AbortError" });
  });

  it("reads 1,000,000 rows without holding the thread", async function () {
    this.timeout(60_000);
    const rows = Array.from({ length: 1_000_000 }, (_, i) => [i, -i]);
    const stretches: number[] = []; // between two turns of the event loop
    let last = performance.now();
    let reading = true;
    const turn = (): void => {
      const now = performance.now();
      stretches.push(now - last);
      last = now;
      if (reading) setImmediate(turn);
    };
    setImmediate(turn);
    const { x } = await readDataset({}, rows, SET);
    reading = false;
    assert.equal(x.rows, 1_000_000);
    assert.equal(x.data[1_999_999], -999_999);
    // the median: a busy machine takes the processor away in some stretches, whatever the code does
    const median = stretches.sort((a, b) => a - b)[stretches.length >> 1]!;
    assert.ok(stretches.length > 30 && median < 1, `${stretches.length} turns, median ${median} ms`);
  });
});

describe("readDataset from CSV", () => {
  const table: readonly (readonly [what: string, text: string, names: readonly string[], rows: readonly (readonly number[])[]])[] = [
    ["commas", "temp,vib\n1,2\n3.5,4\n", ["temp", "vib"], [[1, 2], [3.5, 4]]],
    ["semicolons and decimal commas", "temp;vib\r\n1,5;2\r\n1.234,5;4\r\n", ["temp", "vib"], [[1.5, 2], [1234.5, 4]]],
    ["tabs", "temp\tvib\n1\t2", ["temp", "vib"], [[1, 2]]],
    ["a byte order mark, sep= and quotes", '\ufeffsep=;\n"temp";"vib; raw"\n"1";2\n', ["temp", "vib; raw"], [[1, 2]]],
    ["a quoted line end and doubled quotes", '"a ""x""\nb",c\n1,2\n', ['a "x"\nb', "c"], [[1, 2]]],
    ["units in brackets", "Temp [degC],flow (m3/h)\n1,2\n", ["Temp", "flow"], [[1, 2]]],
    ["old line ends", "temp,vib\r1,2\r3,4\r", ["temp", "vib"], [[1, 2], [3, 4]]],
    ["empty cells and texts", "temp,vib\n,2\nn/a,0x10\n", ["temp", "vib"], [[NaN, 2], [NaN, NaN]]],
    ["a text column", "id,temp\npump,1\npump,2\n", ["temp"], [[1], [2]]],
    ["no header", "1;2\n3;4\n", ["c1", "c2"], [[1, 2], [3, 4]]],
    ["no header, and a bad first row", "1,NaN\n3,Bad\n", ["c1", "c2"], [[1, NaN], [3, NaN]]],
    ["blank lines", "temp,vib\n\n1,2\n\n\n3,4\n\n", ["temp", "vib"], [[1, 2], [3, 4]]],
  ]; // prettier-ignore
  for (const [what, text, names, rows] of table) {
    it(what, async () => {
      const got = await rowsOf(text);
      assert.deepEqual([got.names, got.rows], [names, rows]);
    });
  }

  it("times, labels and the signals of a set, in any column order", async () => {
    const text = "datetime;VIB [mm/s];temp;anomaly\n2020-03-09 10:00:00;2;1;0.0\n2020-03-09 10:00:01;4;3;1.0\n";
    const got = await rowsOf(text, { signals: [signal("temp"), signal("vib"), signal("flow")] });
    assert.deepEqual(got.rows, [[1, 2, NaN], [3, 4, NaN]]); // prettier-ignore
    assert.equal(got.times[1]! - got.times[0]!, 1000);
    assert.deepEqual([got.labels, got.notes], [[0, 1], ["the data has no column flow"]]); // prettier-ignore
  });

  it("without a header, a first column of times", async () => {
    const got = await rowsOf("2020-03-09T10:00:00Z,1,2\n2020-03-09T10:00:01Z,3,4\n", SET);
    assert.deepEqual(got.rows, [[1, 2], [3, 4]]); // prettier-ignore
    assert.equal(got.times[0], Date.UTC(2020, 2, 9, 10));
  });

  it("coded errors that name the line", async () => {
    await refuses(rowsOf("temp,vib\n1,2\n3\n", SET), "MW_DATASET_CSV", /line 3.*2 cells.*got 1/);
    await refuses(rowsOf('temp,vib\n1,"2\n', SET), "MW_DATASET_CSV", /line 2.*quote/);
    await refuses(rowsOf("1,2,3\n4,5,6\n", SET), "MW_DATASET_CSV", /line 1.*2 columns/);
    await refuses(rowsOf("a,b\n1,2\n", SET), "MW_SAMPLE_NO_SIGNAL", /a, b.*temp, vib/);
    await refuses(rowsOf("temp,vib\n", SET), "MW_PAYLOAD_EMPTY", /payload/);
    await refuses(rowsOf("id,name\npump,north\n"), "MW_DATASET_CSV", /column of numbers/);
  });
});

describe("excluded periods", () => {
  it("are merged and searched like a plain list", () => {
    const period = fc.tuple(fc.integer({ min: 0, max: 100 }), fc.integer({ min: 0, max: 30 })).map(([from, length]) => [from, from + length] as const);
    fc.assert(
      fc.property(fc.array(period, { maxLength: 8 }), fc.integer({ min: -5, max: 140 }), (list, time) => {
        assert.equal(within(parsePeriods(list), time), list.some(([from, to]) => from <= time && time <= to)); // prettier-ignore
      }),
    );
  });
});
