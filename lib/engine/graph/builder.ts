/**
 * Builds a graph operator by operator. Values are typed and shaped when they are made: what does not fit throws `MW_GRAPH` at the line
 * that built it. Numbers among the operands become constants of the other operand's type.
 */
import { fail } from "../../errors.ts";
import { RULES, showShape, type OpName } from "./shapes.ts";
import {
  DATA_TYPES,
  elements,
  type Attribute,
  type Attributes,
  type DataType,
  type Model,
  type Shape,
  type Tensor,
  type TypedArray,
  type ValueType,
} from "./types.ts";

const OPSET = 20;
const IR_VERSION = 9; // of opset 20; read by every onnxruntime since 1.17
const SHARED = 16; // constants of up to this many elements are shared by value

/** A value of the graph being built: an input, a constant or an operator's output. */
export interface Value extends ValueType {
  readonly name: string;
}
export type Operand = Value | number;

/** One operator as it was built: what a reverse walk needs. */
export interface Step {
  readonly op: OpName;
  readonly inputs: readonly (Value | undefined)[];
  readonly outputs: readonly Value[];
  readonly attributes: Attributes;
}

export interface ModelInfo {
  readonly name: string;
  readonly producer: string;
  readonly producerVersion: string;
  readonly metadata: Readonly<Record<string, string>>;
}

const int = (value: number): Attribute => ({ kind: "int", value: BigInt(value) });
const ints = (value: readonly number[]): Attribute => ({ kind: "ints", value: value.map(BigInt) });

export class GraphBuilder {
  /** In the order in which they were built, which is an order in which they can run. */
  readonly steps: Step[] = [];
  readonly #inputs: Value[] = [];
  readonly #outputs: { name: string; value: Value }[] = [];
  readonly #initializers = new Map<string, Tensor>();
  readonly #shared = new Map<string, Value>();
  readonly #names = new Set<string>();
  #scope = "";

  input(name: string, type: DataType, shape: Shape): Value {
    const value = { name: this.#claim(name), type, shape };
    this.#inputs.push(value);
    return value;
  }

  /** Makes `value` a result of the graph under this name. */
  output(name: string, value: Value): void {
    this.#outputs.push({ name: this.#claim(name), value });
  }

  /** A named constant of the graph (an initializer). */
  weight(name: string, type: DataType, shape: readonly number[], data: TypedArray): Value {
    const { array, bytes } = DATA_TYPES[type];
    if (array === undefined || !(data instanceof array) || data.byteLength !== Math.ceil(elements(shape) * bytes))
      fail("MW_GRAPH", { field: name, got: `${data.constructor.name} of ${data.length}`, expected: `the elements of ${type}${showShape(shape)}` });
    const value = { name: this.#claim(name), type, shape };
    this.#initializers.set(value.name, { type, shape, data });
    return value;
  }

  /** A float64 constant; one dimension unless `shape` says otherwise. */
  floats(values: ArrayLike<number>, shape: readonly number[] = [values.length]): Value {
    return this.#constant("float64", shape, Float64Array.from(values));
  }

  /** An int64 constant; one dimension unless `shape` says otherwise. */
  ints(values: readonly number[], shape: readonly number[] = [values.length]): Value {
    return this.#constant("int64", shape, BigInt64Array.from(values.map(BigInt)));
  }

  #constant(type: DataType, shape: readonly number[], data: TypedArray): Value {
    const text = (v: number | bigint): string => (Object.is(v, -0) ? "-0" : String(v));
    const key = data.length <= SHARED ? type + showShape(shape) + Array.from<number | bigint, string>(data as ArrayLike<number | bigint>, text).join() : "";
    const shared = this.#shared.get(key);
    if (key !== "" && shared !== undefined) return shared;
    const value = this.weight(this.#fresh("constant"), type, shape, data);
    if (key !== "") this.#shared.set(key, value);
    return value;
  }

  /** Names of values made inside `build` start with `name/`. */
  scope<T>(name: string, build: () => T): T {
    const outer = this.#scope;
    this.#scope = `${outer}${name}/`;
    try {
      return build();
    } finally {
      this.#scope = outer;
    }
  }

  #claim(name: string): string {
    if (name === "" || this.#names.has(name)) fail("MW_GRAPH", { field: name, got: "a name in use", expected: "a new name" });
    this.#names.add(name);
    return name;
  }

  #fresh(base: string): string {
    let name = this.#scope + base;
    for (let i = this.#names.size; this.#names.has(name); i++) name = `${this.#scope}${base}_${i}`;
    return name;
  }

  /** Any operator with one output, as the opset's documentation has it. */
  op(op: OpName, operands: readonly (Operand | undefined)[], attributes: Attributes = {}): Value {
    const typed = operands.find((o) => typeof o === "object" && o.type !== "bool");
    const type = typeof typed === "object" ? typed.type : "float64";
    const inputs = operands.map((o) => (typeof o === "number" ? this.#scalar(type, o) : o));
    const constant = (i: number): number[] | undefined => {
      const data = this.#initializers.get(inputs[i]?.name ?? "")?.data;
      return data instanceof BigInt64Array ? Array.from(data, Number) : undefined;
    };
    const outputs = RULES[op]({ op, inputs, attributes, constant }).map((v) => ({ ...v, name: this.#claim(this.#fresh(op)) }));
    this.steps.push({ op, inputs, outputs, attributes });
    return outputs[0]!;
  }

  #scalar(type: DataType, value: number): Value {
    if (type === "float64") return this.#constant(type, [], Float64Array.of(value));
    if (type === "float32") return this.#constant(type, [], Float32Array.of(value));
    if (type === "int64") return this.#constant(type, [], BigInt64Array.of(BigInt(value)));
    if (type === "int32") return this.#constant(type, [], Int32Array.of(value));
    return fail("MW_GRAPH", { field: "constant", got: type, expected: "float64, float32, int64 or int32" });
  }

  add = (a: Operand, b: Operand): Value => this.op("Add", [a, b]);
  sub = (a: Operand, b: Operand): Value => this.op("Sub", [a, b]);
  mul = (a: Operand, b: Operand): Value => this.op("Mul", [a, b]);
  div = (a: Operand, b: Operand): Value => this.op("Div", [a, b]);
  min = (...values: Operand[]): Value => this.op("Min", values);
  max = (...values: Operand[]): Value => this.op("Max", values);
  /** `x` within [low, high]. */
  clip = (x: Value, low: number, high: number): Value => this.min(this.max(x, low), high);
  abs = (x: Value): Value => this.op("Abs", [x]);
  neg = (x: Value): Value => this.op("Neg", [x]);
  exp = (x: Value): Value => this.op("Exp", [x]);
  log = (x: Value): Value => this.op("Log", [x]);
  sqrt = (x: Value): Value => this.op("Sqrt", [x]);
  sign = (x: Value): Value => this.op("Sign", [x]);
  less = (a: Operand, b: Operand): Value => this.op("Less", [a, b]);
  lessOrEqual = (a: Operand, b: Operand): Value => this.op("LessOrEqual", [a, b]);
  greater = (a: Operand, b: Operand): Value => this.op("Greater", [a, b]);
  equal = (a: Operand, b: Operand): Value => this.op("Equal", [a, b]);
  where = (condition: Value, yes: Operand, no: Operand): Value => this.op("Where", [condition, yes, no]);
  matmul = (a: Value, b: Value): Value => this.op("MatMul", [a, b]);
  transpose = (x: Value, perm?: readonly number[]): Value => this.op("Transpose", [x], perm ? { perm: ints(perm) } : {});
  reshape = (x: Value, shape: readonly number[]): Value => this.op("Reshape", [x, this.ints(shape)]);
  concat = (values: readonly Value[], axis: number): Value => this.op("Concat", values, { axis: int(axis) });
  gather = (x: Value, indices: Value, axis = 0): Value => this.op("Gather", [x, indices], { axis: int(axis) });
  gatherElements = (x: Value, indices: Value, axis = 0): Value => this.op("GatherElements", [x, indices], { axis: int(axis) });
  /** Elements start .. end - 1 (negative: from the end) of one axis. */
  slice = (x: Value, axis: number, start: number, end: number, step = 1): Value =>
    this.op("Slice", [x, this.ints([start]), this.ints([end]), this.ints([axis]), this.ints([step])]);
  /** `before` and `after` elements of `value` on one axis. */
  pad = (x: Value, axis: number, before: number, after: number, value = 0): Value => {
    const sizes = Array.from({ length: 2 * x.shape.length }, (_, i) => (i === axis ? before : i === axis + x.shape.length ? after : 0));
    return this.op("Pad", [x, this.ints(sizes), this.#scalar(x.type, value)]);
  };
  unsqueeze = (x: Value, ...axes: number[]): Value => this.op("Unsqueeze", [x, this.ints(axes)]);
  squeeze = (x: Value, ...axes: number[]): Value => this.op("Squeeze", [x, this.ints(axes)]);
  expand = (x: Value, shape: readonly number[]): Value => this.op("Expand", [x, this.ints(shape)]);
  cast = (x: Value, type: "float32" | "float64" | "int32" | "int64" | "bool"): Value => this.op("Cast", [x], { to: int(DATA_TYPES[type].code) });
  cumSum = (x: Value, axis: number): Value => this.op("CumSum", [x, this.ints([axis], [])]);
  reduceSum = (x: Value, axes: readonly number[], keep = false): Value => this.#reduce("ReduceSum", x, axes, keep);
  reduceMean = (x: Value, axes: readonly number[], keep = false): Value => this.#reduce("ReduceMean", x, axes, keep);
  reduceMax = (x: Value, axes: readonly number[], keep = false): Value => this.#reduce("ReduceMax", x, axes, keep);
  reduceMin = (x: Value, axes: readonly number[], keep = false): Value => this.#reduce("ReduceMin", x, axes, keep);
  argMin = (x: Value, axis: number): Value => this.op("ArgMin", [x], { axis: int(axis), keepdims: int(0) });

  #reduce(op: OpName, x: Value, axes: readonly number[], keep: boolean): Value {
    return this.op(op, [x, this.ints(axes)], { keepdims: int(keep ? 1 : 0) });
  }

  /** The finished model. Its outputs carry the names given to `output`. */
  build(info: ModelInfo): Model {
    const named = (v: Value) => ({ name: v.name, type: v.type, shape: v.shape, unread: [] });
    const nodes = this.steps.map(({ op, inputs, outputs, attributes }) => {
      const names = inputs.map((v) => v?.name ?? "");
      while (names.at(-1) === "") names.pop();
      return { op, domain: "", name: outputs[0]!.name, inputs: names, outputs: outputs.map((v) => v.name), attributes, unread: [] };
    });
    const results = this.#outputs.map(({ name, value }) => ({
      op: "Identity",
      domain: "",
      name,
      inputs: [value.name],
      outputs: [name],
      attributes: {},
      unread: [],
    }));
    const graph = {
      name: info.name,
      nodes: [...nodes, ...results],
      inputs: this.#inputs.map(named),
      outputs: this.#outputs.map(({ name, value }) => named({ ...value, name })),
      initializers: this.#initializers,
      valueInfos: [],
      unread: [],
    };
    return {
      irVersion: IR_VERSION,
      producer: info.producer,
      producerVersion: info.producerVersion,
      opsets: { "": OPSET },
      graph,
      metadata: info.metadata,
      unread: [],
    };
  }
}
