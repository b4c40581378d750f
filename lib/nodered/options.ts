/**
 * Options are declared once, in nodes/<name>/options.ts: `export const options = {...} as const satisfies Fields`.
 * The runtime's parser and the editor's defaults both derive from that object. No Node-RED in here: the editor bundles it too.
 */
import { fail, MillwrightError, show } from "../errors.ts";

interface Base<T> {
  readonly default: T;
  readonly required?: boolean;
}
interface NumberField extends Base<number> {
  readonly type: "number" | "integer";
  readonly min?: number;
  readonly max?: number;
}
interface JsonField extends Base<unknown> {
  readonly type: "json";
  /** Checks the parsed value and gives it its type; throws through `fail("MW_OPTION_INVALID", ...)`. */
  readonly parse?: (value: unknown, field: string) => unknown;
}
export type Field =
  | (Base<string> & { readonly type: "string" })
  | NumberField
  | (Base<boolean> & { readonly type: "boolean" })
  | (Base<string> & { readonly type: "enum"; readonly values: readonly string[] })
  | JsonField
  /** The id of a config node of the type `node`; "" = none. */
  | (Base<string> & { readonly type: "node"; readonly node: string })
  /** A property of msg, without the `msg.`: `payload`, `payload.values[0]`. */
  | (Base<string> & { readonly type: "msg-property" });

export type Fields = Readonly<Record<string, Field>>;

type Value<F extends Field> = F extends { readonly type: "number" | "integer" }
  ? number
  : F extends { readonly type: "boolean" }
    ? boolean
    : F extends { readonly type: "enum"; readonly values: readonly (infer V)[] }
      ? V
      : F extends { readonly type: "json" }
        ? F extends { readonly parse: (value: unknown, field: string) => infer V }
          ? V
          : unknown
        : string;
/** The parsed options of a node. */
export type Options<F extends Fields> = { readonly [K in keyof F]: Value<F[K]> };

const PROPERTY = /^[A-Za-z_$][\w$]*(\.[A-Za-z_$][\w$]*|\[(\d+|"[^"\]]*"|'[^'\]]*')\])*$/;

const ENVIRONMENT = /^\$\{[^}]+\}$/; // Node-RED replaces ${NAME} before the runtime sees it

/** The options of one node, typed. Absent values take their default. Throws MW_OPTION_REQUIRED or MW_OPTION_INVALID, naming the first bad field. */
export function parseOptions<F extends Fields>(fields: F, config: Readonly<Record<string, unknown>>): Options<F> {
  const options: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(fields)) options[name] = parseField(name, field, config[name]);
  return options as Options<F>;
}

/** One value: the validator that the editor and the runtime share. Numbers and booleans may come as text, as the editor's inputs give them. */
export function parseField(name: string, field: Field, raw: unknown): unknown {
  const absent = raw === undefined || raw === null || raw === "";
  if (absent && field.required === true) fail("MW_OPTION_REQUIRED", { field: name, expected: expectation(field) });
  if (absent) return field.type === "json" ? parseJson(name, field, field.default) : field.default;
  switch (field.type) {
    case "number":
    case "integer": {
      const value = typeof raw === "string" && raw.trim() !== "" ? Number(raw) : raw;
      if (typeof value !== "number" || !Number.isFinite(value)) return invalid(name, field, raw);
      if (field.type === "integer" && !Number.isSafeInteger(value)) return invalid(name, field, raw);
      if (value < (field.min ?? -Infinity) || value > (field.max ?? Infinity)) return invalid(name, field, raw);
      return value;
    }
    case "boolean":
      if (raw === true || raw === "true") return true;
      if (raw === false || raw === "false") return false;
      return invalid(name, field, raw);
    case "enum":
      return typeof raw === "string" && field.values.includes(raw) ? raw : invalid(name, field, raw);
    case "msg-property":
      return typeof raw === "string" && PROPERTY.test(raw) ? raw : invalid(name, field, raw);
    case "json":
      return parseJson(name, field, raw);
    case "string":
    case "node":
      return typeof raw === "string" ? raw : invalid(name, field, raw);
    default:
      return field satisfies never;
  }
}

function parseJson(name: string, field: JsonField, raw: unknown): unknown {
  let value = raw;
  if (typeof raw === "string") {
    try {
      value = JSON.parse(raw);
    } catch {
      return invalid(name, field, raw);
    }
  }
  return field.parse ? field.parse(value, name) : value;
}

function invalid(name: string, field: Field, raw: unknown): never {
  return fail("MW_OPTION_INVALID", { field: name, expected: expectation(field), got: show(raw) });
}

/** What a field takes, in words: "an integer in 2..4096". */
export function expectation(field: Field): string {
  switch (field.type) {
    case "number":
    case "integer": {
      const kind = field.type === "integer" ? "an integer" : "a number";
      if (field.min !== undefined && field.max !== undefined) return `${kind} in ${field.min}..${field.max}`;
      if (field.min !== undefined) return `${kind} >= ${field.min}`;
      return field.max === undefined ? kind : `${kind} <= ${field.max}`;
    }
    case "boolean":
      return "true or false";
    case "enum":
      return `one of ${field.values.join(", ")}`;
    case "json":
      return "valid JSON";
    case "node":
      return `a ${field.node} config node`;
    case "msg-property":
      return "a property of msg such as payload or payload.values[0]";
    case "string":
      return "text";
    default:
      return field satisfies never;
  }
}

/** One entry of Node-RED's `defaults` (the editor's type of it says the same in more words). */
export interface EditorDefault {
  value: unknown;
  type?: string;
  required?: boolean;
  validate: (value: unknown) => true | string;
}

/** Node-RED's editor `defaults`: same defaults, and validators that say in words what is wrong. */
export function editorDefaults<F extends Fields>(fields: F): { [K in keyof F]: EditorDefault } {
  const entries = Object.entries(fields).map(([name, field]): [string, EditorDefault] => {
    const validate = (value: unknown): true | string => {
      if (typeof value === "string" && ENVIRONMENT.test(value)) return true;
      try {
        parseField(name, field, value);
        return true;
      } catch (error) {
        if (error instanceof MillwrightError) return error.message;
        throw error;
      }
    };
    const value = field.type === "json" && typeof field.default !== "string" ? JSON.stringify(field.default) : field.default;
    const node = field.type === "node" ? { type: field.node, required: field.required ?? false } : {};
    return [name, { value, ...node, validate }];
  });
  return Object.fromEntries(entries) as { [K in keyof F]: EditorDefault };
}
