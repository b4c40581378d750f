/** The options of millwright-signals. */
import type { Fields } from "../../lib/nodered/options.ts";
import { parseSignals } from "../../lib/signals/set.ts";

export const options = {
  name: { type: "string", default: "" },
  /** [{name, unit, low, high, kind}], in the order of array payloads. */
  signals: { type: "json", default: [], required: true, parse: parseSignals },
  /** Expected ms between two samples; 0 = learned. */
  periodMs: { type: "number", min: 0, max: 86_400_000 * 366, default: 0 },
} as const satisfies Fields;
