/** The last judged samples' times and scores, for feedback on a period. */

const LENGTH = 8192;

export interface ScoreHistoryState {
  readonly times: Float64Array;
  readonly scores: Float64Array;
  readonly at: number;
}

export class ScoreHistory {
  private readonly times = new Float64Array(LENGTH).fill(NaN);
  private readonly scores = new Float64Array(LENGTH);
  private at = 0;

  add(time: number, score: number): void {
    this.times[this.at] = time;
    this.scores[this.at] = score;
    this.at = (this.at + 1) % LENGTH;
  }

  /** Highest score between two times (ms, inclusive); NaN when nothing of it is remembered. */
  highest(from: number, to: number): number {
    let peak = NaN;
    for (let i = 0; i < LENGTH; i++) if (this.times[i]! >= from && this.times[i]! <= to && !(this.scores[i]! <= peak)) peak = this.scores[i]!;
    return peak;
  }

  /** How many samples ago the first and the last sample of a period (ms, inclusive) were, 0 = the last one; undefined when none is remembered. */
  ago(from: number, to: number): readonly [number, number] | undefined {
    let first = -1;
    let last = -1;
    for (let ago = 0; ago < LENGTH; ago++) {
      const time = this.times[(this.at - 1 - ago + 2 * LENGTH) % LENGTH]!;
      if (!(time >= from)) break;
      if (time > to) continue;
      if (last < 0) last = ago;
      first = ago;
    }
    return first < 0 ? undefined : [first, last];
  }

  /** The limit was multiplied by `factor`: scores are relative to it. */
  rescale(factor: number): void {
    for (let i = 0; i < LENGTH; i++) this.scores[i]! /= factor;
  }

  save(): ScoreHistoryState {
    return { times: this.times.slice(), scores: this.scores.slice(), at: this.at };
  }

  load(state: ScoreHistoryState): void {
    this.times.set(state.times);
    this.scores.set(state.scores);
    this.at = state.at;
  }
}
