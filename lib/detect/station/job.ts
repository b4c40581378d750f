import type { Dataset } from "../../message/dataset.ts";
import type { FitJob } from "../settings.ts";
import type { StationSettings } from "./types.ts";

/** A training job from a dataset that came in a message. The samples are not copied. */
export function jobFrom(data: Dataset, { detector, signals }: StationSettings): FitJob {
  const { method, falseAlarmsPerWeek, confidence, seed } = detector;
  return {
    signals: data.signals,
    periodMs: signals?.periodMs ?? 0,
    chunks: [{ rows: data.x.data, times: data.times }],
    label: data.usable.map((u) => 1 - u),
    exclude: [],
    method,
    falseAlarmsPerWeek,
    confidence,
    seed,
  };
}
