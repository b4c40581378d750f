/** Tensors as ONNX files hold them: elements as raw bytes, or in one of six typed fields. */
import { damaged, fields, type Field } from "./protobuf.ts";
import { DATA_TYPES, elements, type DataType, type Tensor, type TypedArray } from "./types.ts";

export const TYPE_OF_CODE: ReadonlyMap<number, DataType> = new Map(Object.entries(DATA_TYPES).map(([name, { code }]) => [code as number, name as DataType]));
const MAX_RANK = 64;

/** Joins the values of a repeated fixed-width field, packed or one at a time, into an array of their own. */
export function joinFixed<A extends Float32Array | Float64Array>(
  parts: readonly Field[],
  array: { new (buffer: ArrayBuffer): A; BYTES_PER_ELEMENT: number },
): A {
  const bytes = parts.map((f) => f.fixed(array.BYTES_PER_ELEMENT === 4 ? 4 : 8));
  const out = new Uint8Array(bytes.reduce((n, b) => n + b.length, 0));
  let at = 0;
  for (const b of bytes) {
    out.set(b, at);
    at += b.length;
  }
  return new array(out.buffer);
}

/** One TensorProto. Throws `MW_MODEL_FORMAT`, also when the elements are in another file. */
export function tensorOf(bytes: Uint8Array): { name: string; tensor: Tensor } {
  let name = "",
    code = 0,
    external = false;
  let raw: Uint8Array | undefined;
  const shape: number[] = [],
    strings: string[] = [],
    floats: Field[] = [],
    doubles: Field[] = [];
  const integers: bigint[] = [];
  for (const f of fields(bytes)) {
    if (f.number === 1) for (const d of f.ints) shape.push(Number(d));
    else if (f.number === 2) code = f.number53;
    else if (f.number === 4) floats.push(f);
    else if (f.number === 5 || f.number === 7 || f.number === 11) for (const v of f.ints) integers.push(v);
    else if (f.number === 6) strings.push(f.string);
    else if (f.number === 8) name = f.string;
    else if (f.number === 9) raw = f.bytes;
    else if (f.number === 10) doubles.push(f);
    else if (f.number === 13 || (f.number === 14 && f.int === 1n)) external = true;
  }
  if (external)
    damaged(`the weights ${name} are in another file`, `权重 ${name} 在另一个文件中`, { en: "one file that holds all weights", zh: "包含全部权重的单个文件" });
  const type = TYPE_OF_CODE.get(code) ?? damaged(`the tensor ${name} has the unknown element type ${code}`, `张量 ${name} 的元素类型 ${code} 未知`);
  if (shape.length > MAX_RANK || shape.some((d) => !Number.isSafeInteger(d) || d < 0))
    damaged(`the tensor ${name} has the shape [${shape.slice(0, 8).join()}]`, `张量 ${name} 的形状为 [${shape.slice(0, 8).join()}]`);
  const data = type === "string" ? strings : raw !== undefined ? ofRaw(type, raw) : ofFields(type, integers, floats, doubles);
  const { bytes: width, array } = DATA_TYPES[type];
  const want = array === undefined ? elements(shape) : Math.ceil((elements(shape) * width) / array.BYTES_PER_ELEMENT);
  if (data?.length !== want) {
    const expected = { en: `${want} for the shape [${shape.join()}]`, zh: `形状 [${shape.join()}] 需要 ${want} 个` };
    damaged(`the tensor ${name} has ${data?.length ?? "broken"} elements`, `张量 ${name} 有 ${data?.length ?? "残缺的"} 个元素`, expected);
  }
  return { name, tensor: { type, shape, data } };
}

function ofRaw(type: Exclude<DataType, "string">, raw: Uint8Array): TypedArray | undefined {
  const { array } = DATA_TYPES[type];
  return raw.length % array.BYTES_PER_ELEMENT === 0 ? new array(raw.slice().buffer) : undefined;
}

function ofFields(type: Exclude<DataType, "string">, integers: readonly bigint[], floats: readonly Field[], doubles: readonly Field[]): TypedArray {
  const { array } = DATA_TYPES[type];
  if (array === Float32Array) return joinFixed(floats, Float32Array);
  if (array === Float64Array) return joinFixed(doubles, Float64Array);
  if (array === BigInt64Array) return BigInt64Array.from(integers);
  if (array === BigUint64Array) return BigUint64Array.from(integers);
  return new (array as new (values: number[]) => TypedArray)(integers.map(Number));
}
