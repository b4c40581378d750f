/** From an error to what Node-RED shows: the argument of `done` and the status, in the runtime's language. */
import type { NodeAPI, NodeStatus } from "node-red";
import { ERROR_STATUS, ERRORS, type Language, type MillwrightError } from "../errors.ts";

export { ERRORS, fail, MillwrightError, toMillwrightError } from "../errors.ts";

/** The runtime's language: `lang` of settings.js, else the process's locale, as Node-RED itself decides. */
export function runtimeLanguage(RED: Pick<NodeAPI, "settings">, env: NodeJS.ProcessEnv = process.env): Language {
  const configured = (RED.settings as { readonly lang?: unknown }).lang;
  const locale = typeof configured === "string" ? configured : (env["LC_ALL"] ?? env["LC_MESSAGES"] ?? env["LANG"] ?? "");
  return /^zh/i.test(locale) ? "zh" : "en";
}

/** The error as `done` takes it: message in `language`, code and cause kept (Node-RED copies exactly message, code, stack and cause to `msg.error`). */
export function localised(error: MillwrightError, language: Language): Error {
  if (language === "en") return error;
  const copy = new Error(error.describe(language), { cause: error.cause });
  copy.name = error.name;
  if (error.stack !== undefined) copy.stack = error.stack;
  return Object.assign(copy, { code: error.code, details: error.details });
}

export function errorStatus(error: MillwrightError, language: Language): NodeStatus {
  return { fill: "red", shape: "ring", text: ERROR_STATUS[ERRORS[error.code].status][language] };
}
