/** The graph as Millwright holds it: a close, typed copy of ONNX (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto), without its history. */

/** Element types: ONNX code, and the array that holds the elements (`bytes` per element; 0.5: two per byte). */
export const DATA_TYPES = {
  float32: { code: 1, array: Float32Array, bytes: 4 },
  uint8: { code: 2, array: Uint8Array, bytes: 1 },
  int8: { code: 3, array: Int8Array, bytes: 1 },
  uint16: { code: 4, array: Uint16Array, bytes: 2 },
  int16: { code: 5, array: Int16Array, bytes: 2 },
  int32: { code: 6, array: Int32Array, bytes: 4 },
  int64: { code: 7, array: BigInt64Array, bytes: 8 },
  string: { code: 8, array: undefined, bytes: 0 },
  bool: { code: 9, array: Uint8Array, bytes: 1 },
  float16: { code: 10, array: Uint16Array, bytes: 2 },
  float64: { code: 11, array: Float64Array, bytes: 8 },
  uint32: { code: 12, array: Uint32Array, bytes: 4 },
  uint64: { code: 13, array: BigUint64Array, bytes: 8 },
  complex64: { code: 14, array: Float32Array, bytes: 8 },
  complex128: { code: 15, array: Float64Array, bytes: 16 },
  bfloat16: { code: 16, array: Uint16Array, bytes: 2 },
  float8e4m3fn: { code: 17, array: Uint8Array, bytes: 1 },
  float8e4m3fnuz: { code: 18, array: Uint8Array, bytes: 1 },
  float8e5m2: { code: 19, array: Uint8Array, bytes: 1 },
  float8e5m2fnuz: { code: 20, array: Uint8Array, bytes: 1 },
  uint4: { code: 21, array: Uint8Array, bytes: 0.5 },
  int4: { code: 22, array: Uint8Array, bytes: 0.5 },
  float4e2m1: { code: 23, array: Uint8Array, bytes: 0.5 },
} as const;
export type DataType = keyof typeof DATA_TYPES;

export type TypedArray =
  Float32Array | Float64Array | Int8Array | Int16Array | Int32Array | BigInt64Array | Uint8Array | Uint16Array | Uint32Array | BigUint64Array;

/** A size, or the name of one that is known only when the graph runs. */
export type Dim = number | string;
export type Shape = readonly Dim[];

export interface Tensor {
  readonly type: DataType;
  readonly shape: readonly number[];
  /** Row-major elements; strings for `string`, packed bytes for the 4-bit types, bits for the 16- and 8-bit floats. */
  readonly data: TypedArray | readonly string[];
}

/** What is known of a value before it is computed. */
export interface ValueType {
  readonly type: DataType;
  readonly shape: Shape;
}

export type Attribute =
  | { readonly kind: "float"; readonly value: number }
  | { readonly kind: "int"; readonly value: bigint }
  | { readonly kind: "string"; readonly value: string }
  | { readonly kind: "bytes"; readonly value: Uint8Array } // a string that is not UTF-8
  | { readonly kind: "tensor"; readonly value: Tensor }
  | { readonly kind: "graph"; readonly value: Graph }
  | { readonly kind: "floats"; readonly value: readonly number[] }
  | { readonly kind: "ints"; readonly value: readonly bigint[] }
  | { readonly kind: "strings"; readonly value: readonly string[] }
  | { readonly kind: "tensors"; readonly value: readonly Tensor[] }
  | { readonly kind: "graphs"; readonly value: readonly Graph[] }
  | { readonly kind: "other"; readonly value: Uint8Array }; // sparse tensors, types and references to a function's attribute: the whole message
export type Attributes = Readonly<Record<string, Attribute>>;

/** Fields that are kept as bytes and written back, because nothing here reads them. */
export type Unread = readonly Uint8Array[];

export interface Node {
  readonly op: string;
  /** "" for the standard set. */
  readonly domain: string;
  readonly name: string;
  /** "" for an optional input that is left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Attributes;
  readonly unread: Unread;
}

/** A graph input, output or annotated value. */
export interface ValueInfo {
  readonly name: string;
  /** Undefined when the file does not say, or for sequences, maps and optionals (then `unread` has it). */
  readonly type: DataType | undefined;
  /** Undefined: unknown rank. "" is a dimension that is not known. */
  readonly shape: Shape | undefined;
  readonly unread: Unread;
}

export interface Graph {
  readonly name: string;
  /** In an order in which they can run. */
  readonly nodes: readonly Node[];
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  readonly initializers: ReadonlyMap<string, Tensor>;
  readonly valueInfos: readonly ValueInfo[];
  readonly unread: Unread;
}

export interface Model {
  readonly irVersion: number;
  readonly producer: string;
  readonly producerVersion: string;
  /** Version per operator domain; "" is the standard set. */
  readonly opsets: Readonly<Record<string, number>>;
  readonly graph: Graph;
  readonly metadata: Readonly<Record<string, string>>;
  readonly unread: Unread;
}

/** Elements of a shape whose sizes are all known. */
export const elements = (shape: readonly number[]): number => shape.reduce((n, d) => n * d, 1);
