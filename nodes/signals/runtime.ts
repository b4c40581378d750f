/** The config node millwright-signals: names the signals of one machine for every node that reads them. */
import type { Node, NodeAPI, NodeDef } from "node-red";
import { localised, runtimeLanguage, toMillwrightError } from "../../lib/nodered/errors.ts";
import { parseOptions } from "../../lib/nodered/options.ts";
import { signalsFromSample } from "../../lib/signals/set.ts";
import { options } from "./options.ts";
import { lastSample, TYPE, type SignalsNode } from "./registry.ts";

export default function (RED: NodeAPI): void {
  function signalsNode(this: SignalsNode, config: NodeDef): void {
    RED.nodes.createNode(this, config);
    try {
      const { signals, periodMs } = parseOptions(options, config as unknown as Readonly<Record<string, unknown>>);
      this.signalSet = { signals, periodMs };
    } catch (thrown) {
      this.problem = toMillwrightError(thrown);
      this.error(localised(this.problem, runtimeLanguage(RED))); // to the log: no message is involved
    }
  }
  RED.nodes.registerType(TYPE, signalsNode);

  /**
   * GET /millwright-signals/sample?set=<id>&lang=<editor language>: the signals of the last sample that a node using this set (else a node without a
   * set) has seen. 200 {signals, skipped, node: its name or id}; 204 when none was seen; 400 {code, message} when it holds no signals.
   */
  RED.httpAdmin.get(`/${TYPE}/sample`, RED.auth.needsPermission(`${TYPE}.read`), (request, response) => {
    const { set, lang } = request.query;
    const slot = lastSample(typeof set === "string" ? set : "");
    if (slot === undefined) {
      response.sendStatus(204);
      return;
    }
    try {
      const node = RED.nodes.getNode(slot.node) as Node | null;
      response.json({ ...signalsFromSample(slot.sample), node: node?.name || slot.node });
    } catch (thrown) {
      const error = toMillwrightError(thrown);
      const language = typeof lang === "string" && lang.startsWith("zh") ? "zh" : "en";
      response.status(400).json({ code: error.code, message: error.describe(language) });
    }
  });
}
