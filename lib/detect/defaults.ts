import type { DetectorSettings } from "./settings.ts";

/** The one default configuration: nodes/anomaly/options.ts takes its defaults from here, and so do the benchmarks. */
export const DEFAULTS = {
  periodMs: 0,
  method: "auto",
  mode: "watch",
  learnSamples: 1000,
  learnMs: 0,
  falseAlarmsPerWeek: 1,
  confidence: 0.9,
  clearAt: 0.5,
  refractory: 0,
  seed: 1,
} as const satisfies Omit<DetectorSettings, "signals">;
