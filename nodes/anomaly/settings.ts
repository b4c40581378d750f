/** From the options of a node to the settings of its station. */
import { join } from "node:path";
import { MIN_ROWS } from "../../lib/detect/settings.ts";
import type { StationSettings } from "../../lib/detect/station.ts";
import { parsePath } from "../../lib/message/property.ts";
import { checkName } from "../../lib/models/names.ts";
import type { Options } from "../../lib/nodered/options.ts";
import type { SignalSet } from "../../lib/signals/types.ts";
import type { options } from "./options.ts";

const MINUTE = 60_000; // ms

/** `folder`: Millwright's folder in Node-RED's user folder. */
export function stationSettings(o: Options<typeof options>, id: string, folder: string, signals: SignalSet | undefined): StationSettings {
  const own = o.model.trim() === "";
  const inMinutes = o.learnUnit === "minutes";
  return {
    signals,
    property: parsePath(o.property, "property"),
    output: parsePath(o.output, "output"),
    detector: {
      method: o.method,
      mode: o.mode,
      learnSamples: inMinutes ? 0 : Math.max(MIN_ROWS, Math.round(o.learnFor)),
      learnMs: inMinutes ? o.learnFor * MINUTE : 0,
      falseAlarmsPerWeek: o.falseAlarms,
      confidence: o.confidence,
      clearAt: o.clearAt,
      refractory: o.refractory,
      seed: o.seed,
    },
    model: { root: join(folder, "models"), name: own ? `anomaly-${id}` : checkName(o.model.trim(), "model"), promote: o.promote, own },
  };
}
