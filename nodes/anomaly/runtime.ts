/** The node millwright-anomaly: wiring between Node-RED and the station that does the work. */
import { join } from "node:path";
import type { Node, NodeAPI, NodeDef } from "node-red";
import { DetectorShelf } from "../../lib/detect/station/shelf.ts";
import { Keeper } from "../../lib/detect/station/keeper.ts";
import { modelBus } from "../../lib/detect/station/bus.ts";
import { Station } from "../../lib/detect/station.ts";
import { trainer } from "../../lib/detect/trainer.ts";
import { ModelStore } from "../../lib/models/store.ts";
import { toMillwrightError } from "../../lib/nodered/errors.ts";
import { onInput, type Handler } from "../../lib/nodered/input.ts";
import { parseOptions } from "../../lib/nodered/options.ts";
import { StatusLine } from "../../lib/nodered/status.ts";
import { closeSlot, openSlot, signalSetOf } from "../signals/registry.ts";
import { adminRoutes } from "./admin.ts";
import { options } from "./options.ts";
import { outlets } from "./outlets.ts";
import { stationSettings } from "./settings.ts";

const SAVE_EVERY = 5000; // ms: a crash loses no more of the streaming state
const stations = new Map<string, Station>();

export default function (RED: NodeAPI): void {
  function station(node: Node, config: NodeDef, status: StatusLine): Station {
    const folder = join(RED.settings.userDir ?? ".", "millwright");
    const parsed = parseOptions(options, config as unknown as Record<string, unknown>);
    const settings = stationSettings(parsed, node.id, folder, signalSetOf(RED, parsed.signals));
    const tools = {
      shelf: new DetectorShelf(new ModelStore(settings.model.root)),
      keeper: new Keeper(join(folder, "state"), node.id),
      trainer,
      bus: modelBus,
      now: Date.now,
      saveEveryMs: SAVE_EVERY,
    };
    return new Station(settings, tools, outlets(node, RED, status));
  }

  function AnomalyNode(this: Node, config: NodeDef): void {
    RED.nodes.createNode(this, config);
    const status = new StatusLine(this, RED);
    let made: Station;
    try {
      made = station(this, config, status);
    } catch (thrown) {
      const error = toMillwrightError(thrown);
      status.error(error);
      onInput(this, RED, () => Promise.reject(error), status);
      return;
    }
    stations.set(this.id, made);
    void made.open();
    const slot = openSlot(this.id, (config as { signals?: string }).signals ?? "");
    const handle: Handler = (msg, send, signal) => {
      const pending = made.input(msg, send, signal);
      slot.sample = made.lastSample;
      return pending;
    };
    onInput(this, RED, handle, status);
    this.on("close", (removed: boolean, done: () => void) => {
      stations.delete(this.id);
      closeSlot(this.id);
      made.close(removed).then(done, done);
    });
  }
  RED.nodes.registerType("millwright-anomaly", AnomalyNode);
  adminRoutes(RED, stations);
}
