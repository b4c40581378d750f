/** The samples that a detector may learn from: sealed blocks, so that neither adding nor handing them over copies much. */

/** Rows of one contiguous hand-over: `rows` is [times.length, n] row-major, NaN where a signal could not be judged. */
export interface SampleChunk {
  readonly rows: Float64Array;
  readonly times: Float64Array;
}

const BLOCK = 512;
/** At most this many values are kept (32 MB); older samples go first. */
const MAX_CELLS = 4_000_000;
const MAX_ROWS = 100_000;

export interface BufferState {
  readonly chunks: readonly SampleChunk[];
}

export class SampleBuffer {
  readonly capacity: number;
  private readonly n: number;
  private sealed: SampleChunk[] = [];
  private rows: Float64Array;
  private times: Float64Array;
  private filled = 0;

  constructor(signals: number) {
    this.n = signals;
    this.capacity = Math.max(BLOCK, Math.floor(Math.min(MAX_ROWS, MAX_CELLS / signals) / BLOCK) * BLOCK);
    this.rows = new Float64Array(BLOCK * signals);
    this.times = new Float64Array(BLOCK);
  }

  get length(): number {
    let rows = this.filled;
    for (const c of this.sealed) rows += c.times.length;
    return rows;
  }

  /** First and last time stamp held, ms; NaN when empty. */
  get span(): readonly [number, number] {
    const first = this.sealed[0]?.times[0] ?? (this.filled > 0 ? this.times[0]! : NaN);
    return [first, this.filled > 0 ? this.times[this.filled - 1]! : (this.sealed.at(-1)?.times.at(-1) ?? NaN)];
  }

  /** Adds `row` [n]; signals with `judged[i] === 0` are stored as NaN. */
  add(row: Float64Array, judged: Uint8Array, time: number): void {
    const at = this.filled * this.n;
    for (let i = 0; i < this.n; i++) this.rows[at + i] = judged[i] === 1 ? row[i]! : NaN;
    this.times[this.filled] = time;
    if (++this.filled < BLOCK) return;
    this.sealed.push({ rows: this.rows, times: this.times });
    this.rows = new Float64Array(BLOCK * this.n);
    this.times = new Float64Array(BLOCK);
    this.filled = 0;
    if (this.sealed.length * BLOCK > this.capacity) this.sealed.shift();
  }

  /** Everything held, oldest first. Sealed blocks are shared, not copied: treat them as read-only. */
  chunks(): SampleChunk[] {
    const tail = { rows: this.rows.slice(0, this.filled * this.n), times: this.times.slice(0, this.filled) };
    return this.filled > 0 ? [...this.sealed, tail] : [...this.sealed];
  }

  clear(): void {
    this.sealed = [];
    this.filled = 0;
  }

  save(): BufferState {
    return { chunks: this.chunks() };
  }

  load(state: BufferState): void {
    this.clear();
    const all = new Uint8Array(this.n).fill(1);
    for (const c of state.chunks) {
      if (c.times.length === BLOCK && this.filled === 0) this.sealed.push(c);
      else for (let r = 0; r < c.times.length; r++) this.add(c.rows.subarray(r * this.n, (r + 1) * this.n), all, c.times[r]!);
    }
  }
}
