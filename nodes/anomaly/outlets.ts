/** What leaves the station by Node-RED: the second output, the status line, errors, warnings. */
import type { Node, NodeAPI } from "node-red";
import type { Outlets } from "../../lib/detect/station.ts";
import { localised, runtimeLanguage } from "../../lib/nodered/errors.ts";
import type { StatusLine } from "../../lib/nodered/status.ts";
import { describe } from "../../lib/signals/sentences.ts";

export function outlets(node: Node, RED: NodeAPI, status: StatusLine): Outlets {
  const language = runtimeLanguage(RED);
  return {
    language,
    emit: (event) => {
      node.send([null, { topic: event.type, payload: event }]);
    },
    status: (fill, shape, key, value) => {
      status.show(fill, shape, key, value);
    },
    report: (error) => {
      status.error(error);
      node.error(localised(error, language), {}); // with a message, if an empty one, so that a Catch node sees it
      node.send([null, { topic: "error", payload: { type: "error", at: Date.now(), code: error.code, text: error.describe(language) } }]);
    },
    note: (sentence) => {
      node.warn(describe(sentence, language));
    },
  };
}
