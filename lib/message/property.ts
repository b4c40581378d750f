/** Properties of a message: `payload`, `a.b`, `values[0]`, `a["b c"]`. */
import { fail, show, type Bilingual } from "../errors.ts";

export type Path = readonly [string, ...string[]];

const FORM = /^[A-Za-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*|\[(?:\d+|"[^"\]]*"|'[^'\]]*')\])*$/;
const STEP = /[A-Za-z_$][\w$]*|\[(?:(\d+)|"([^"\]]*)"|'([^'\]]*)')\]/g;
const PROPERTY: Bilingual = { en: "a property of msg such as payload or payload.values[0]", zh: "msg 的一个属性，例如 payload 或 payload.values[0]" };
const FORBIDDEN = new Set(["__proto__", "prototype", "constructor"]);

/** The steps of a property, without the `msg.`. Throws MW_OPTION_INVALID for what is none, and for steps that would reach a prototype. */
export function parsePath(text: string, field: string): Path {
  const steps = FORM.test(text) ? Array.from(text.matchAll(STEP), (m) => m[1] ?? m[2] ?? m[3] ?? m[0]) : [];
  const [first, ...rest] = steps;
  if (first === undefined || steps.some((s) => FORBIDDEN.has(s))) {
    return fail("MW_OPTION_INVALID", { field, expected: PROPERTY, got: show(text) });
  }
  return [first, ...rest];
}

/** The value at `path`; undefined when a step on the way is missing. */
export function getPath(msg: object, path: Path): unknown {
  let value: unknown = msg;
  for (const step of path) {
    if (value === null || value === undefined) return undefined;
    value = (value as Record<string, unknown>)[step];
  }
  return value;
}

/**
 * Puts `value` at `path`, making the objects on the way. Throws MW_OPTION_INVALID, with the message untouched, when something on the way is no
 * object (msg.a is 5 and the path is a.b).
 */
export function setPath(msg: object, path: Path, value: unknown): void {
  let target = msg as Record<string, unknown>;
  const last = path.length - 1;
  for (let i = 0; i < last; i++) {
    const next = target[path[i] ?? ""];
    if (next === undefined || next === null) {
      // nothing below exists: one assignment at the end, so that a failure can't leave half of it
      target[path[i] ?? ""] = path.slice(i + 1).reduceRight<unknown>((inner, step) => ({ [step]: inner }), value);
      return;
    }
    if (typeof next !== "object") {
      fail("MW_OPTION_INVALID", { field: path.join("."), expected: settable(path.slice(0, i + 1)), got: show(next) });
    }
    target = next as Record<string, unknown>;
  }
  target[path[last] ?? ""] = value;
}

function settable(path: readonly string[]): Bilingual {
  const at = `msg.${path.join(".")}`;
  return { en: `a property that can be set (${at} is no object)`, zh: `可以写入的属性（${at} 不是对象）` };
}
