/** Which stretches of a recording two models are compared on: the held-out end, and every labelled run, each with what leads up to it. */
import { usableRows } from "../prepare.ts";
import type { FitJob } from "../settings.ts";

export interface Stretch {
  readonly from: number;
  /** Row after the last one. */
  readonly to: number;
  /** An alarm that starts at this row is a false one: held out, neither labelled nor excluded, not there to warm the streams up. */
  readonly counts: (row: number) => boolean;
}

/** `held`: the first row of the held-out end. `warm`: rows in front that a stream needs to score. */
export function stretches(job: FitJob, times: Float64Array, held: number, warm: number): Stretch[] {
  const rows = times.length;
  const use = usableRows(job, times);
  const counts = (row: number): boolean => row >= held && use[row] === 1;
  const spans: [from: number, to: number][] = [];
  const add = (first: number, to: number): void => {
    const from = Math.max(0, first - warm);
    const before = spans.at(-1);
    if (before && from <= before[1]) before[1] = Math.max(before[1], to);
    else spans.push([from, to]);
  };
  for (let row = 0; row < held; row++) {
    if (job.label?.[row] !== 1) continue;
    const first = row;
    while (row < held && job.label[row] === 1) row++;
    add(first, row);
  }
  if (held < rows) add(held, rows);
  return spans.map(([from, to]) => ({ from, to, counts }));
}
