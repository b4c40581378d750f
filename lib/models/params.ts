/**
 * Learned parameters as a model file holds them: the typed arrays as named tensors, all else as JSON that refers to them. Plain objects and
 * arrays, strings, booleans, null and every number (NaN, infinities and -0 too) come back as they were; `undefined` members are left out.
 */
import { fail } from "../errors.ts";
import type { DataType, TypedArray } from "../engine/graph/types.ts";

export interface Packed {
  readonly json: string;
  /** By name: the path to the array's first occurrence, as in `members.0.params.mean`. */
  readonly tensors: ReadonlyMap<string, TypedArray>;
}

const TENSOR_TYPES: Readonly<Record<string, DataType>> = {
  Float32Array: "float32",
  Float64Array: "float64",
  Int8Array: "int8",
  Int16Array: "int16",
  Int32Array: "int32",
  BigInt64Array: "int64",
  Uint8Array: "uint8",
  Uint16Array: "uint16",
  Uint32Array: "uint32",
  BigUint64Array: "uint64",
};
const MARK = "$"; // members whose name begins with it are ours; others get a second one

/** The ONNX type of an array's elements. */
export function tensorType(array: TypedArray): DataType {
  return TENSOR_TYPES[array.constructor.name] ?? fail("MW_INTERNAL", { got: `no tensor type for ${array.constructor.name}` });
}

const isTypedArray = (value: object): value is TypedArray => ArrayBuffer.isView(value) && value.constructor.name in TENSOR_TYPES;

/** Throws `MW_INTERNAL`, with the path, for what is neither JSON nor a typed array. */
export function pack(value: unknown): Packed {
  const tensors = new Map<string, TypedArray>();
  const names = new Map<TypedArray, string>();
  const unfit = (path: string, v: unknown): never => fail("MW_INTERNAL", { got: `${path || "the value"} cannot be stored in a model file: a ${typeof v}` });

  const take = (v: unknown, path: string): unknown => {
    if (v === null || typeof v === "string" || typeof v === "boolean") return v;
    if (typeof v === "number") return Number.isFinite(v) && !Object.is(v, -0) ? v : { $number: Object.is(v, -0) ? "-0" : String(v) };
    if (typeof v !== "object") return unfit(path, v);
    if (isTypedArray(v)) {
      const name = names.get(v) ?? path;
      names.set(v, name);
      tensors.set(name, v);
      return { $tensor: name };
    }
    const inner = (key: string | number): string => (path === "" ? String(key) : `${path}.${key}`);
    if (Array.isArray(v)) return v.map((item, i) => take(item, inner(i)));
    const prototype: unknown = Object.getPrototypeOf(v);
    if (prototype !== Object.prototype && prototype !== null) return unfit(path, v);
    const members = Object.entries(v).filter(([, item]) => item !== undefined);
    return Object.fromEntries(members.map(([key, item]) => [key.startsWith(MARK) ? MARK + key : key, take(item, inner(key))]));
  };
  return { json: JSON.stringify(take(value, "")), tensors };
}

/** Back from `pack`; `tensor` gives the array of a name. Throws `MW_MODEL_FORMAT`. */
export function unpack(json: string, tensor: (name: string) => TypedArray | undefined): unknown {
  const broken = (en: string, zh: string, cause?: unknown): never =>
    fail("MW_MODEL_FORMAT", { got: { en, zh }, expected: { en: "the parameters of a Millwright model", zh: "Millwright 模型的参数" } }, cause);
  const give = (v: unknown): unknown => {
    if (typeof v !== "object" || v === null) return v;
    if (Array.isArray(v)) return v.map(give);
    const members = Object.entries(v as Record<string, unknown>);
    const [key, item] = members[0] ?? ["", undefined];
    if (key === "$tensor") return tensor(String(item)) ?? broken(`the tensor ${String(item)} is missing`, `缺少张量 ${String(item)}`);
    if (key === "$number") return Number(item);
    return Object.fromEntries(members.map(([k, member]) => [k.startsWith(MARK + MARK) ? k.slice(1) : k, give(member)]));
  };
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    return broken("its parameters are not JSON", "其参数不是 JSON", error);
  }
  return give(value);
}
