/** Model -> ONNX bytes. Field numbers: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto */
import { ProtoWriter } from "./protobuf.ts";
import { DATA_TYPES, type Attribute, type Graph, type Model, type Node, type Tensor, type ValueInfo } from "./types.ts";

/** AttributeProto.AttributeType. */
const ATTRIBUTE_TYPES = { float: 1, int: 2, string: 3, bytes: 3, tensor: 4, graph: 5, floats: 6, ints: 7, strings: 8, tensors: 9, graphs: 10 } as const;

export function encodeModel(model: Model): Uint8Array {
  const w = new ProtoWriter().varint(1, model.irVersion).string(2, model.producer).string(3, model.producerVersion);
  w.message(7, graphProto(model.graph));
  for (const [domain, version] of Object.entries(model.opsets)) w.message(8, new ProtoWriter().string(1, domain).varint(2, version));
  for (const [key, value] of Object.entries(model.metadata)) w.message(14, new ProtoWriter().string(1, key).string(2, value));
  return w.verbatim(model.unread).finish();
}

function graphProto(graph: Graph): ProtoWriter {
  const w = new ProtoWriter();
  for (const node of graph.nodes) w.message(1, nodeProto(node));
  w.string(2, graph.name);
  for (const [name, tensor] of graph.initializers) w.message(5, tensorProto(tensor, name));
  for (const input of graph.inputs) w.message(11, valueProto(input));
  for (const output of graph.outputs) w.message(12, valueProto(output));
  for (const value of graph.valueInfos) w.message(13, valueProto(value));
  return w.verbatim(graph.unread);
}

function nodeProto(node: Node): ProtoWriter {
  const w = new ProtoWriter();
  for (const input of node.inputs) w.string(1, input);
  for (const output of node.outputs) w.string(2, output);
  if (node.name !== "") w.string(3, node.name);
  w.string(4, node.op);
  for (const [name, attribute] of Object.entries(node.attributes)) {
    if (attribute.kind === "other") w.bytes(5, attribute.value);
    else w.message(5, attributeProto(name, attribute));
  }
  if (node.domain !== "") w.string(7, node.domain);
  return w.verbatim(node.unread);
}

function attributeProto(name: string, a: Exclude<Attribute, { kind: "other" }>): ProtoWriter {
  const w = new ProtoWriter().string(1, name);
  switch (a.kind) {
    case "float":
      w.float(2, a.value);
      break;
    case "int":
      w.varint(3, a.value);
      break;
    case "string":
      w.string(4, a.value);
      break;
    case "bytes":
      w.bytes(4, a.value);
      break;
    case "tensor":
      w.message(5, tensorProto(a.value, ""));
      break;
    case "graph":
      w.message(6, graphProto(a.value));
      break;
    case "floats":
      for (const v of a.value) w.float(7, v);
      break;
    case "ints":
      for (const v of a.value) w.varint(8, v);
      break;
    case "strings":
      for (const v of a.value) w.string(9, v);
      break;
    case "tensors":
      for (const v of a.value) w.message(10, tensorProto(v, ""));
      break;
    case "graphs":
      for (const v of a.value) w.message(11, graphProto(v));
      break;
    default:
      a satisfies never;
  }
  return w.varint(20, ATTRIBUTE_TYPES[a.kind]);
}

/** Elements go into raw_data, which is little-endian like every machine that Node-RED's runtimes support. */
function tensorProto(tensor: Tensor, name: string): ProtoWriter {
  const w = new ProtoWriter();
  for (const d of tensor.shape) w.varint(1, d);
  w.varint(2, DATA_TYPES[tensor.type].code);
  if (name !== "") w.string(8, name);
  const { data } = tensor;
  if (ArrayBuffer.isView(data)) return w.bytes(9, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  for (const s of data) w.string(6, s);
  return w;
}

function valueProto(value: ValueInfo): ProtoWriter {
  const w = new ProtoWriter().string(1, value.name);
  if (value.type !== undefined) {
    const tensor = new ProtoWriter().varint(1, DATA_TYPES[value.type].code);
    if (value.shape !== undefined) {
      const shape = new ProtoWriter();
      for (const d of value.shape) {
        const dim = new ProtoWriter();
        if (typeof d === "number") dim.varint(1, d);
        else if (d !== "") dim.string(2, d);
        shape.message(1, dim);
      }
      tensor.message(2, shape);
    }
    w.message(2, new ProtoWriter().message(1, tensor));
  }
  return w.verbatim(value.unread);
}
