/** ONNX bytes -> model. Every way in which the bytes can be wrong ends in `MW_MODEL_FORMAT`; what nothing here reads is kept as bytes. */
import { damaged, fields, type Field } from "./protobuf.ts";
import { joinFixed, tensorOf, TYPE_OF_CODE } from "./tensor.ts";
import type { Attribute, DataType, Dim, Graph, Model, Node, Tensor, ValueInfo } from "./types.ts";

const MAX_DEPTH = 32; // of graphs within graphs: more is an attack on the stack

/** Throws `MW_MODEL_FORMAT`. `bytes` may be reused afterwards: tensors are copied out of it. */
export function decodeModel(bytes: Uint8Array): Model {
  let irVersion = 0,
    producer = "",
    producerVersion = "";
  let graph: Graph | undefined;
  const opsets: [string, number][] = [],
    metadata: [string, string][] = [];
  const unread: Uint8Array[] = [];
  const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length); // a Buffer's slice would not copy
  for (const f of fields(plain)) {
    if (f.number === 1) irVersion = f.number53;
    else if (f.number === 2) producer = f.string;
    else if (f.number === 3) producerVersion = f.string;
    else if (f.number === 7) graph = graphOf(f.bytes, 0);
    else if (f.number === 8) opsets.push(opset(f.bytes));
    else if (f.number === 14) metadata.push(pair(f.bytes));
    else unread.push(f.whole.slice());
  }
  if (graph === undefined) return damaged("there is no graph in the file", "文件中没有计算图");
  if (opsets.length === 0) return damaged("the file names no operator set", "文件没有注明算子集");
  return { irVersion, producer, producerVersion, opsets: Object.fromEntries(opsets), graph, metadata: Object.fromEntries(metadata), unread };
}

function opset(bytes: Uint8Array): [string, number] {
  let domain = "",
    version = 0;
  for (const f of fields(bytes)) {
    if (f.number === 1) domain = f.string;
    else if (f.number === 2) version = f.number53;
  }
  return [domain === "ai.onnx" ? "" : domain, version];
}

function pair(bytes: Uint8Array): [string, string] {
  let key = "",
    value = "";
  for (const f of fields(bytes)) {
    if (f.number === 1) key = f.string;
    else if (f.number === 2) value = f.string;
  }
  return [key, value];
}

function graphOf(bytes: Uint8Array, depth: number): Graph {
  if (depth > MAX_DEPTH) damaged(`graphs are nested over ${MAX_DEPTH} deep`, `计算图嵌套超过 ${MAX_DEPTH} 层`);
  let name = "";
  const nodes: Node[] = [],
    inputs: ValueInfo[] = [],
    outputs: ValueInfo[] = [],
    valueInfos: ValueInfo[] = [];
  const initializers = new Map<string, Tensor>();
  const unread: Uint8Array[] = [];
  for (const f of fields(bytes)) {
    if (f.number === 1) nodes.push(nodeOf(f.bytes, depth));
    else if (f.number === 2) name = f.string;
    else if (f.number === 5) {
      const { name: key, tensor } = tensorOf(f.bytes);
      if (initializers.has(key)) damaged(`the initializer ${key} is there twice`, `权重 ${key} 重复`);
      initializers.set(key, tensor);
    } else if (f.number === 11) inputs.push(valueOf(f.bytes));
    else if (f.number === 12) outputs.push(valueOf(f.bytes));
    else if (f.number === 13) valueInfos.push(valueOf(f.bytes));
    else unread.push(f.whole.slice());
  }
  return { name, nodes, inputs, outputs, initializers, valueInfos, unread };
}

function nodeOf(bytes: Uint8Array, depth: number): Node {
  let name = "",
    op = "",
    domain = "";
  const inputs: string[] = [],
    outputs: string[] = [],
    attributes: [string, Attribute][] = [],
    unread: Uint8Array[] = [];
  for (const f of fields(bytes)) {
    if (f.number === 1) inputs.push(f.string);
    else if (f.number === 2) outputs.push(f.string);
    else if (f.number === 3) name = f.string;
    else if (f.number === 4) op = f.string;
    else if (f.number === 5) attributes.push(attributeOf(f.bytes, depth));
    else if (f.number === 7) domain = f.string;
    else unread.push(f.whole.slice());
  }
  return { op, domain: domain === "ai.onnx" ? "" : domain, name, inputs, outputs, attributes: Object.fromEntries(attributes), unread };
}

function attributeOf(bytes: Uint8Array, depth: number): [string, Attribute] {
  let name = "",
    type = 0;
  const of = new Map<number, Field[]>();
  for (const f of fields(bytes)) {
    if (f.number === 1) name = f.string;
    else if (f.number === 20) type = f.number53;
    else if (of.get(f.number)?.push(f) === undefined) of.set(f.number, [f]);
  }
  const all = (field: number): Field[] => of.get(field) ?? [];
  const last = (field: number): Field => all(field).at(-1) ?? damaged(`the attribute ${name} is empty`, `属性 ${name} 为空`);
  if (of.has(21)) return [name, { kind: "other", value: bytes.slice() }]; // refers to an attribute of the enclosing function
  if (type === 0) type = ([2, 3, 4, 5, 6, 7, 8, 9, 10, 11].find((field) => of.has(field)) ?? 1) - 1; // files from before the type was stored
  return [name, attributeValue(type)];

  function attributeValue(code: number): Attribute {
    switch (code) {
      case 1:
        return { kind: "float", value: all(2).at(-1)?.float ?? 0 };
      case 2:
        return { kind: "int", value: all(3).at(-1)?.int ?? 0n };
      case 3:
        return stringOf(all(4).at(-1));
      case 4:
        return { kind: "tensor", value: tensorOf(last(5).bytes).tensor };
      case 5:
        return { kind: "graph", value: graphOf(last(6).bytes, depth + 1) };
      case 6:
        return { kind: "floats", value: Array.from(joinFixed(all(7), Float32Array)) };
      case 7:
        return { kind: "ints", value: all(8).flatMap((f) => f.ints) };
      case 8:
        return { kind: "strings", value: all(9).map((f) => f.string) };
      case 9:
        return { kind: "tensors", value: all(10).map((f) => tensorOf(f.bytes).tensor) };
      case 10:
        return { kind: "graphs", value: all(11).map((f) => graphOf(f.bytes, depth + 1)) };
      default:
        return { kind: "other", value: bytes.slice() };
    }
  }
}

function stringOf(f: Field | undefined): Attribute {
  const bytes = f?.bytes ?? new Uint8Array();
  try {
    return { kind: "string", value: f?.string ?? "" };
  } catch {
    return { kind: "bytes", value: bytes.slice() };
  }
}

function valueOf(bytes: Uint8Array): ValueInfo {
  let name = "";
  let type: DataType | undefined;
  let shape: Dim[] | undefined;
  const unread: Uint8Array[] = [];
  for (const f of fields(bytes)) {
    if (f.number === 1) name = f.string;
    else if (f.number === 2) {
      const tensor = [...fields(f.bytes)].find((t) => t.number === 1);
      if (tensor === undefined)
        unread.push(f.whole.slice()); // a sequence, map or optional
      else
        for (const t of fields(tensor.bytes)) {
          if (t.number === 1) type = TYPE_OF_CODE.get(t.number53);
          else if (t.number === 2) shape = shapeOf(t.bytes);
        }
    } else unread.push(f.whole.slice());
  }
  return { name, type, shape, unread };
}

function shapeOf(bytes: Uint8Array): Dim[] {
  const shape: Dim[] = [];
  for (const f of fields(bytes)) {
    let dim: Dim = "";
    if (f.number !== 1) continue;
    for (const d of fields(f.bytes)) {
      if (d.number === 1) dim = d.number53;
      else if (d.number === 2) dim = d.string;
    }
    shape.push(dim);
  }
  return shape;
}
