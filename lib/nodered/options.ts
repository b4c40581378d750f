/**
 * Options are declared once, in nodes/<name>/options.ts: `export const options = {...} as const satisfies Fields`.
 * The runtime's parser and the editor's defaults both derive from that object. No Node-RED in here: the editor bundles it too.
 */
import { type Bilingual, fail, type Language, MillwrightError, show } from "../errors.ts";

interface Base<T> {
  readonly default: T;
  readonly required?: boolean;
}
interface NumberField extends Base<number> {
  readonly type: "number" | "integer";
  readonly min?: number;
  readonly max?: number;
}
interface StringField extends Base<string> {
  readonly type: "string";
  /** Refuses what is no such text; throws a coded error that names `field`. */
  readonly check?: (value: string, field: string) => unknown;
}
interface JsonField extends Base<unknown> {
  readonly type: "json";
  /** Checks the parsed value and gives it its type; throws through `fail("MW_OPTION_INVALID", ...)`. */
  readonly parse?: (value: unknown, field: string) => unknown;
}
export type Field =
  | StringField
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
      if (typeof raw !== "string") return invalid(name, field, raw);
      field.check?.(raw, name);
      return raw;
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
export function expectation(field: Field): Bilingual {
  switch (field.type) {
    case "number":
      return range({ en: "a number", zh: "数字" }, field);
    case "integer":
      return range({ en: "an integer", zh: "整数" }, field);
    case "boolean":
      return { en: "true or false", zh: "true 或 false" };
    case "enum":
      return { en: `one of ${field.values.join(", ")}`, zh: `以下之一：${field.values.join("、")}` };
    case "json":
      return { en: "valid JSON", zh: "合法的 JSON" };
    case "node":
      return { en: `a ${field.node} config node`, zh: `${field.node} 配置节点` };
    case "msg-property":
      return { en: "a property of msg such as payload or payload.values[0]", zh: "msg 的属性，例如 payload 或 payload.values[0]" };
    case "string":
      return { en: "text", zh: "文本" };
    default:
      return field satisfies never;
  }
}

function range(kind: Bilingual, { min, max }: NumberField): Bilingual {
  if (min !== undefined && max !== undefined) return { en: `${kind.en} in ${min}..${max}`, zh: `${min}..${max} 之间的${kind.zh}` };
  if (min !== undefined) return { en: `${kind.en} >= ${min}`, zh: `不小于 ${min} 的${kind.zh}` };
  return max === undefined ? kind : { en: `${kind.en} <= ${max}`, zh: `不大于 ${max} 的${kind.zh}` };
}

/** The value of a field in the editor, where JSON is text. */
type EditorValue<F extends Field> = F extends { readonly type: "number" | "integer" } ? number : F extends { readonly type: "boolean" } ? boolean : string;
/** The properties of the node in the editor: the `TProps` of `RED.nodes.registerType`. */
export type EditorProperties<F extends Fields> = { -readonly [K in keyof F]: EditorValue<F[K]> };

/** One entry of Node-RED's `defaults`. */
export interface EditorDefault<T> {
  value: T;
  type?: string;
  required?: boolean;
  /** True, or the reason as text: its published type knows only the boolean, and it takes a text for a reason only from a validator of two parameters. */
  validate: (value: unknown, options?: unknown) => boolean;
}
export type EditorDefaults<F extends Fields> = { -readonly [K in keyof F]: EditorDefault<EditorValue<F[K]>> };

/** Node-RED's editor `defaults`: the same defaults, and validators that say what is wrong in the editor's language (`RED.i18n.lang()`). */
export function editorDefaults<F extends Fields>(fields: F, lang: string): EditorDefaults<F> {
  const language: Language = lang.startsWith("zh") ? "zh" : "en";
  const entries = Object.entries(fields).map(([name, field]) => {
    const value = field.type === "json" && typeof field.default !== "string" ? JSON.stringify(field.default) : field.default;
    const node = field.type === "node" ? { type: field.node, required: field.required ?? false } : {};
    return [name, { value, ...node, validate: (v: unknown, _options: unknown) => problem(name, field, v, language) ?? true }];
  });
  return Object.fromEntries(entries) as EditorDefaults<F>;
}

function problem(name: string, field: Field, value: unknown, language: Language): string | undefined {
  if (typeof value === "string" && ENVIRONMENT.test(value)) return undefined;
  try {
    parseField(name, field, value);
    return undefined;
  } catch (error) {
    if (error instanceof MillwrightError) return error.describe(language);
    throw error;
  }
}
