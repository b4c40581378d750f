/** What the editor asks a running node: its state and models, and the commands behind its buttons. */
import type { NodeAPI } from "node-red";
import { parseCommand } from "../../lib/detect/station/commands.ts";
import type { Language } from "../../lib/errors.ts";
import type { Station } from "../../lib/detect/station.ts";
import { runtimeLanguage, toMillwrightError } from "../../lib/nodered/errors.ts";

const TYPE = "millwright-anomaly";

/**
 * GET  /millwright-anomaly/:id            state of the node and the versions of its model (permission millwright-anomaly.read)
 * POST /millwright-anomaly/:id/:command   promote (body {version}), rollback, train, reset, cancel (permission millwright-anomaly.write)
 * `?lang=` is the language of errors, else the runtime's.
 */
export function adminRoutes(RED: NodeAPI, stations: ReadonlyMap<string, Station>): void {
  const languageOf = ({ query }: Request): Language => {
    const asked = query["lang"];
    if (typeof asked !== "string") return runtimeLanguage(RED);
    return /^zh/i.test(asked) ? "zh" : "en";
  };

  const answer = (request: Request, response: Response, work: Promise<object>): void => {
    work.then(
      (body) => response.json(body),
      (thrown: unknown) => {
        const error = toMillwrightError(thrown);
        response.status(400).json({ code: error.code, message: error.describe(languageOf(request)) });
      },
    );
  };

  RED.httpAdmin.get(`/${TYPE}/:id`, RED.auth.needsPermission(`${TYPE}.read`), (request, response) => {
    const station = stations.get(String(request.params["id"]));
    if (station) answer(request, response, station.overview());
    else response.sendStatus(404); // not deployed yet, or disabled
  });

  RED.httpAdmin.post(`/${TYPE}/:id/:command`, RED.auth.needsPermission(`${TYPE}.write`), (request, response) => {
    const station = stations.get(String(request.params["id"]));
    if (!station) {
      response.sendStatus(404);
      return;
    }
    const { version } = (request.body ?? {}) as { readonly version?: unknown };
    answer(request, response, (async () => station.order(parseCommand(request.params["command"]), version))());
  });
}

interface Request {
  readonly query: Readonly<Record<string, unknown>>;
}

/** As much of express's response as is used here. */
interface Response {
  status(code: number): this;
  json(body: object): unknown;
  sendStatus(code: number): unknown;
}
