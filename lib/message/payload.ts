/** Which form a payload has: decided from its type and first elements, before anything is read. */
import { fail, show, type Bilingual } from "../errors.ts";

/** `sample`: one reading of all signals. `rows`: an array of samples (window or dataset). `csv`: a dataset as text. */
export type PayloadForm = "sample" | "rows" | "csv";

const LOOK_AHEAD = 64; // nulls skipped to find the first element that says what the array holds
const EXPECTED: Bilingual = {
  en: "an object of signals, an array of numbers, a number, an array of samples, or CSV text",
  zh: "信号对象、数字数组、数字、样本数组或 CSV 文本",
};
const PARSED: Bilingual = { en: "a parsed object (let the node in front parse it)", zh: "已解析的对象（请让前面的节点解析）" };
const NO_JSON: Bilingual = { en: "an object or array (JSON text needs a json node in front)", zh: "对象或数组（JSON 文本前面需要 json 节点）" };

export type NumberArray = readonly unknown[] | Float64Array | Float32Array | Int32Array | Uint32Array | Int16Array | Uint16Array | Int8Array | Uint8Array;

/** A plain or typed array of numbers; a Buffer and a DataView are bytes, a BigInt array holds no numbers. */
export function isNumberArray(value: unknown): value is NumberArray {
  if (Array.isArray(value)) return true;
  return ArrayBuffer.isView(value) && !Buffer.isBuffer(value) && "length" in value && !(value instanceof BigInt64Array || value instanceof BigUint64Array);
}

/**
 * The form of `payload`. `signals`: how many the set has (0 = not known yet): with one signal an array of several numbers is a window, with more
 * it is one sample. Throws MW_PAYLOAD_MISSING, MW_PAYLOAD_EMPTY or MW_PAYLOAD_TYPE.
 */
export function payloadForm(payload: unknown, signals: number, field = "payload"): PayloadForm {
  switch (typeof payload) {
    case "number":
    case "boolean":
    case "bigint":
      return "sample";
    case "string":
      return textForm(payload, field);
    case "undefined":
      return fail("MW_PAYLOAD_MISSING", { field, expected: EXPECTED });
    case "object":
      if (payload === null) return fail("MW_PAYLOAD_TYPE", { field, expected: EXPECTED, got: "null" });
      if (isNumberArray(payload)) return arrayForm(payload, signals, field);
      if (Buffer.isBuffer(payload)) return fail("MW_PAYLOAD_TYPE", { field, expected: PARSED, got: show(payload) });
      if (ArrayBuffer.isView(payload) || payload instanceof Date || payload instanceof Map || payload instanceof Set) break;
      return "sample";
    default:
  }
  return fail("MW_PAYLOAD_TYPE", { field, expected: EXPECTED, got: show(payload) });
}

function arrayForm(payload: NumberArray, signals: number, field: string): PayloadForm {
  if (payload.length === 0) return fail("MW_PAYLOAD_EMPTY", { field });
  let first: unknown = null;
  for (let i = 0; i < payload.length && i < LOOK_AHEAD && (first === null || first === undefined); i++) first = payload[i];
  if (typeof first === "object" && first !== null) return "rows";
  return signals === 1 && payload.length > 1 ? "rows" : "sample";
}

function textForm(text: string, field: string): PayloadForm {
  const start = text.search(/\S/);
  if (start < 0) return fail("MW_PAYLOAD_EMPTY", { field });
  const brace = text.charAt(start);
  if (brace === "{" || brace === "[") return fail("MW_PAYLOAD_TYPE", { field, expected: NO_JSON, got: show(text) });
  return /[\r\n]/.test(text.trim()) ? "csv" : "sample";
}
