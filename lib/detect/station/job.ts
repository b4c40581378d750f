import type { Dataset } from "../../message/dataset.ts";
import type { FitJob } from "../settings.ts";
import type { StationSettings } from "./types.ts";

/** A training job from a dataset that came in a message: what is labelled and what is excluded stay apart. The samples are not copied. */
export function jobFrom(data: Dataset, { detector, signals }: StationSettings): FitJob {
  const excluded = data.excluded ?? [];
  const { method, falseAlarmsPerWeek, confidence, seed } = detector;
  return {
    signals: data.signals,
    periodMs: signals?.periodMs ?? 0,
    chunks: [{ rows: data.x.data, times: data.times }],
    ...(data.labels ? { label: Uint8Array.from(data.labels, (l) => (l === 1 ? 1 : 0)) } : {}),
    exclude: Array.from({ length: excluded.length / 2 }, (_, i) => [excluded[2 * i]!, excluded[2 * i + 1]!] as const),
    method,
    falseAlarmsPerWeek,
    confidence,
    seed,
  };
}
