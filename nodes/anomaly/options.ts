/** The options of millwright-anomaly; what concerns the detector has its one default configuration in lib/detect/defaults.ts. */
import { DEFAULTS } from "../../lib/detect/defaults.ts";
import { METHOD_NAMES } from "../../lib/detect/types.ts";
import { checkName } from "../../lib/models/names.ts";
import type { Fields } from "../../lib/nodered/options.ts";

export const options = {
  name: { type: "string", default: "" },
  /** "" = the signals of the first message. */
  signals: { type: "node", node: "millwright-signals", default: "" },
  /** "" = a model of this node's own. */
  model: { type: "string", default: "", check: (value: string, field: string) => value.trim() === "" || checkName(value.trim(), field) },
  property: { type: "msg-property", default: "payload" },
  output: { type: "msg-property", default: "anomaly" },
  method: { type: "enum", values: ["auto", ...METHOD_NAMES], default: DEFAULTS.method },
  /** watch: learn first, then watch. continuous: go on learning from what is not alarmed. command: learn only on command. */
  mode: { type: "enum", values: ["watch", "continuous", "command"], default: DEFAULTS.mode },
  learnFor: { type: "number", min: 1, max: 100_000, default: DEFAULTS.learnSamples },
  learnUnit: { type: "enum", values: ["samples", "minutes"], default: "samples" },
  /** At most so many false alarms per week. */
  falseAlarms: { type: "number", min: 0.001, max: 1000, default: DEFAULTS.falseAlarmsPerWeek },
  confidence: { type: "number", min: 0.5, max: 0.999, default: DEFAULTS.confidence },
  promote: { type: "enum", values: ["auto", "manual"], default: "auto" },
  /** Share of its plateau below which an alarm clears. */
  clearAt: { type: "number", min: 0.1, max: 0.95, default: DEFAULTS.clearAt },
  /** Samples after the start of an alarm in which no new one starts; 0 = learned. */
  refractory: { type: "integer", min: 0, max: 1_000_000, default: DEFAULTS.refractory },
  seed: { type: "integer", min: 0, max: 2_147_483_647, default: DEFAULTS.seed },
} as const satisfies Fields;
