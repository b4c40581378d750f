/**
 * The error table: every code Millwright can report, its message in both languages and the node status it shows.
 * docs/errors.md lists the same codes (tested). Placeholders `{name}` are filled from the details given to `fail`;
 * the compiler asks for exactly those of the English message.
 */

interface Row {
  /** What the engineer reads: which field, what came, what was expected. */
  readonly en: string;
  readonly zh: string;
  /** Which of the short status texts below the node shows. */
  readonly status: StatusName;
}

/** Status texts: at most 20 characters, so that they fit under a node. */
export const ERROR_STATUS = {
  setting: { en: "check the settings", zh: "请检查设置" },
  input: { en: "bad input", zh: "输入有误" },
  overload: { en: "too many messages", zh: "消息过多" },
  data: { en: "data unusable", zh: "数据不可用" },
  model: { en: "model problem", zh: "模型有问题" },
  store: { en: "storage problem", zh: "存储有问题" },
  training: { en: "training failed", zh: "训练失败" },
  command: { en: "command refused", zh: "命令被拒绝" },
  internal: { en: "internal error", zh: "内部错误" },
} as const satisfies Record<string, { readonly en: string; readonly zh: string }>;
export type StatusName = keyof typeof ERROR_STATUS;

export const ERRORS = {
  // options
  MW_OPTION_INVALID: { en: "{field} must be {expected}, got {got}", zh: "{field} 必须是 {expected}，实际为 {got}", status: "setting" },
  MW_OPTION_REQUIRED: { en: "{field} is required: {expected}", zh: "必须填写 {field}：{expected}", status: "setting" },
  MW_SIGNALS_UNKNOWN: {
    en: "{field} names the signal set {got}, which does not exist or is disabled",
    zh: "{field} 指向的信号集 {got} 不存在或已停用",
    status: "setting",
  },
  // one message
  MW_PAYLOAD_MISSING: { en: "msg.{field} is missing: expected {expected}", zh: "缺少 msg.{field}：应为 {expected}", status: "input" },
  MW_PAYLOAD_TYPE: { en: "msg.{field} must be {expected}, got {got}", zh: "msg.{field} 必须是 {expected}，实际为 {got}", status: "input" },
  MW_PAYLOAD_EMPTY: { en: "msg.{field} holds no samples", zh: "msg.{field} 中没有任何样本", status: "input" },
  MW_PAYLOAD_TOO_LARGE: {
    en: "msg.{field} holds {got}, more than the limit of {expected}",
    zh: "msg.{field} 含有 {got}，超过上限 {expected}",
    status: "input",
  },
  MW_SAMPLE_LENGTH: {
    en: "msg.{field} has {got} values, the signal set has {expected}",
    zh: "msg.{field} 有 {got} 个值，而信号集有 {expected} 个信号",
    status: "input",
  },
  MW_SAMPLE_VALUE: {
    en: "signal {field} must be a number, got {got}",
    zh: "信号 {field} 必须是数字，实际为 {got}",
    status: "input",
  },
  MW_SAMPLE_NO_SIGNAL: {
    en: "msg.{field} has none of the expected signals: got {got}, expected {expected}",
    zh: "msg.{field} 不含任何预期信号：实际为 {got}，应为 {expected}",
    status: "input",
  },
  MW_TIMESTAMP_INVALID: {
    en: "msg.{field} must be milliseconds since 1970 or an ISO 8601 time, got {got}",
    zh: "msg.{field} 必须是自 1970 年起的毫秒数或 ISO 8601 时间，实际为 {got}",
    status: "input",
  },
  MW_OVERLOAD: {
    en: "{got} messages already wait for the node: this one was not handled",
    zh: "已有 {got} 条消息在等待此节点：本条未处理",
    status: "overload",
  },
  // datasets
  MW_DATASET_ROW: {
    en: "row {row} of msg.{field}: expected {expected}, got {got}",
    zh: "msg.{field} 第 {row} 行：应为 {expected}，实际为 {got}",
    status: "data",
  },
  MW_DATASET_CSV: { en: "line {row} of the CSV: expected {expected}, got {got}", zh: "CSV 第 {row} 行：应为 {expected}，实际为 {got}", status: "data" },
  MW_DATASET_LABELS: { en: "msg.{field} must be {expected}, got {got}", zh: "msg.{field} 必须是 {expected}，实际为 {got}", status: "data" },
  MW_DATASET_TOO_SMALL: {
    en: "not enough normal data: {got} usable samples, at least {expected} are needed",
    zh: "正常数据不足：只有 {got} 个可用样本，至少需要 {expected} 个",
    status: "data",
  },
  // model and store
  MW_MODEL_NAME: {
    en: "{field} must be a model name of letters, digits, spaces, dot, dash and underscore, got {got}",
    zh: "{field} 必须是由字母、数字、空格、点、短横线和下划线组成的模型名，实际为 {got}",
    status: "setting",
  },
  MW_MODEL_NOT_FOUND: { en: "the model {field} has no version {got}", zh: "模型 {field} 没有版本 {got}", status: "model" },
  MW_MODEL_DAMAGED: {
    en: "version {got} of the model {field} is damaged: {expected}",
    zh: "模型 {field} 的版本 {got} 已损坏：{expected}",
    status: "model",
  },
  MW_MODEL_FORMAT: { en: "the model file is not usable: {got} (expected {expected})", zh: "模型文件不可用：{got}（应为 {expected}）", status: "model" },
  MW_MODEL_SIGNALS: {
    en: "the model {field} was trained on the signals {expected}, this node has {got}",
    zh: "模型 {field} 使用信号 {expected} 训练，而此节点的信号为 {got}",
    status: "model",
  },
  MW_STATE_SIGNALS: {
    en: "the saved state belongs to the signals {expected}, this node has {got}: it starts anew",
    zh: "保存的状态属于信号 {expected}，而此节点的信号为 {got}：将重新开始",
    status: "model",
  },
  MW_STORE_FULL: { en: "the disk is full: {field} was not written", zh: "磁盘已满：{field} 未写入", status: "store" },
  MW_STATE_DAMAGED: { en: "the saved state {field} is damaged and is not used", zh: "保存的状态 {field} 已损坏，不予使用", status: "store" },
  MW_STORE_IO: { en: "{field} cannot be read or written: {got}", zh: "无法读写 {field}：{got}", status: "store" },
  // training
  MW_TRAIN_BUSY: { en: "a training run of {field} is already going on", zh: "{field} 的训练正在进行", status: "training" },
  MW_TRAIN_FAILED: { en: "training of {field} failed: {got}", zh: "{field} 训练失败：{got}", status: "training" },
  MW_TRAIN_CRASHED: {
    en: "the training process of {field} ended unexpectedly ({got}); the last good model stays in use",
    zh: "{field} 的训练进程意外退出（{got}），继续使用上一个可用模型",
    status: "training",
  },
  MW_TRAIN_TIMEOUT: { en: "training of {field} was stopped after {got} s", zh: "{field} 的训练在 {got} 秒后被停止", status: "training" },
  MW_RUNTIME_MISSING: {
    en: "{field} needs onnxruntime-node, which is not installed ({got}); run: {expected}",
    zh: "{field} 需要 onnxruntime-node，但尚未安装（{got}）；请运行：{expected}",
    status: "model",
  },
  // commands
  MW_COMMAND_UNKNOWN: { en: "msg.{field} must be one of {expected}, got {got}", zh: "msg.{field} 必须是 {expected} 之一，实际为 {got}", status: "command" },
  MW_COMMAND_STATE: { en: "{field} is not possible now: {got}", zh: "现在不能执行 {field}：{got}", status: "command" },
  MW_FEEDBACK_INVALID: { en: "msg.{field} must be {expected}, got {got}", zh: "msg.{field} 必须是 {expected}，实际为 {got}", status: "command" },
  // ours
  MW_GRAPH: {
    en: "the graph does not fit at {field}: got {got}, expected {expected}",
    zh: "计算图在 {field} 处不匹配：实际为 {got}，应为 {expected}",
    status: "internal",
  },
  MW_INTERNAL: { en: "unexpected error: {got}", zh: "意外错误：{got}", status: "internal" },
} as const satisfies Record<`MW_${string}`, Row>;

export type ErrorCode = keyof typeof ERRORS;

export type Language = "en" | "zh";
/** A phrase in both languages. */
export interface Bilingual {
  readonly en: string;
  readonly zh: string;
}
/** What stands in place of a placeholder: names and numbers as they are, phrases in both languages. */
export type Detail = string | number | Bilingual;

type Placeholder<T extends string> = T extends `${string}{${infer K}}${infer Rest}` ? K | Placeholder<Rest> : never;
/** The details a code needs: one per placeholder of its message. */
export type Details<C extends ErrorCode> = Readonly<Record<Placeholder<(typeof ERRORS)[C]["en"]>, Detail>>;

/** Every failure the engineer sees. `message` is in `language`; `describe` gives it in another. */
export class MillwrightError extends Error {
  override readonly name = "MillwrightError";
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, Detail>>;

  constructor(code: ErrorCode, details: Readonly<Record<string, Detail>>, cause?: unknown, language: Language = "en") {
    super(fill(ERRORS[code][language], details, language), cause === undefined ? undefined : { cause });
    this.code = code;
    this.details = details;
  }

  describe(language: Language): string {
    return fill(ERRORS[this.code][language], this.details, language);
  }

  /** What Node-RED shows in the log, the debug sidebar and `msg.error.message`: the code is what docs/errors.md is sorted by. */
  override toString(): string {
    return `${this.message} (${this.code})`;
  }
}

/** Throws the error `code`; `details` are checked against its message. */
export function fail<C extends ErrorCode>(code: C, details: Details<C>, cause?: unknown): never {
  throw new MillwrightError(code, details, cause);
}

/** The message with each `{name}` replaced; a missing detail stays visible. */
function fill(template: string, details: Readonly<Record<string, Detail>>, language: Language): string {
  return template.replace(/\{(\w+)\}/g, (hole, name: string) => {
    const detail = details[name] ?? hole;
    return typeof detail === "object" ? detail[language] : String(detail);
  });
}

const SHOWN = 60; // characters of a value in a message
const KEYS = 6; // names of an object's keys

/** A value as an error message shows it: type and content, never longer than a line. */
export function show(value: unknown): Detail {
  if (typeof value === "string") return shorten(JSON.stringify(value));
  if (typeof value === "number" || typeof value === "boolean" || value === null || value === undefined) return String(value);
  if (typeof value === "bigint") return shorten(`${value}n`);
  if (typeof value === "function") return { en: "a function", zh: "函数" };
  if (typeof value === "symbol") return { en: "a symbol", zh: "符号" };
  if (ArrayBuffer.isView(value))
    return { en: `a ${value.constructor.name} of ${value.byteLength} bytes`, zh: `${value.byteLength} 字节的 ${value.constructor.name}` };
  if (Array.isArray(value)) return { en: `an array of ${value.length}`, zh: `${value.length} 个元素的数组` };
  if (value instanceof Date) return { en: `a Date (${dateText(value)})`, zh: `日期（${dateText(value)}）` };
  const names = Object.keys(value);
  const kind = Object.prototype.toString.call(value).slice(8, -1); // Map, Set, Error, ... hold what they hold elsewhere
  if (names.length === 0 && kind !== "Object") return { en: `a ${kind}`, zh: kind };
  if (names.length === 0) return { en: "an empty object", zh: "空对象" };
  const list = shorten(names.slice(0, KEYS).join(", ") + (names.length > KEYS ? ", ..." : ""));
  return { en: `an object with ${list}`, zh: `含 ${list} 的对象` };
}

function dateText(date: Date): string {
  return Number.isNaN(date.getTime()) ? "Invalid Date" : date.toISOString();
}

function shorten(text: string): string {
  return text.length <= SHOWN ? text : `${text.slice(0, SHOWN - 3)}...`;
}

/** Anything thrown as a coded error: file system failures become store errors, the unforeseen `MW_INTERNAL` with its cause. */
export function toMillwrightError(thrown: unknown): MillwrightError {
  if (thrown instanceof MillwrightError) return thrown;
  if (!(thrown instanceof Error)) return new MillwrightError("MW_INTERNAL", { got: show(thrown) }, thrown);
  const { code, path } = thrown as NodeJS.ErrnoException;
  if (code === "ENOSPC" || code === "EDQUOT") return new MillwrightError("MW_STORE_FULL", { field: path ?? "the file" }, thrown);
  if (path !== undefined && code !== undefined && /^E[A-Z]+$/.test(code)) return new MillwrightError("MW_STORE_IO", { field: path, got: code }, thrown);
  return new MillwrightError("MW_INTERNAL", { got: shorten(thrown.message) }, thrown);
}
