/** From an error to what Node-RED shows: the argument of `done` and the status, in the runtime's language. */
import type { NodeAPI, NodeStatus } from "node-red";
import { ERROR_STATUS, ERRORS, type Language, MillwrightError } from "../errors.ts";

export { ERRORS, fail, toMillwrightError, MillwrightError } from "../errors.ts";

/** The runtime's language: `lang` of settings.js, else the process's locale, as Node-RED itself decides. */
export function runtimeLanguage(RED: Pick<NodeAPI, "settings">, env: NodeJS.ProcessEnv = process.env): Language {
  const configured = (RED.settings as { readonly lang?: unknown }).lang;
  const locale = typeof configured === "string" ? configured : (env["LC_ALL"] ?? env["LC_MESSAGES"] ?? env["LANG"] ?? "");
  return /^zh/i.test(locale) ? "zh" : "en";
}

/** The error as `done` takes it: in `language`, the rest as it was (Node-RED copies its text, code, stack and cause to `msg.error`). */
export function localised(error: MillwrightError, language: Language): MillwrightError {
  if (language === "en") return error;
  const copy = new MillwrightError(error.code, error.details, error.cause, language);
  if (error.stack !== undefined) copy.stack = error.stack;
  return copy;
}

export function errorStatus(error: MillwrightError, language: Language): NodeStatus {
  return { fill: "red", shape: "ring", text: ERROR_STATUS[ERRORS[error.code].status][language] };
}
