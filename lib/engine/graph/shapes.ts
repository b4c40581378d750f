/**
 * One rule per operator: the types and shapes of its outputs, worked out when the operator is built, so that an error names the operator, the
 * shapes and the caller's line. Semantics: https://onnx.ai/onnx/operators/ at opset 20. A size may be a name (known when the graph runs).
 */
import { fail } from "../../errors.ts";
import type { Attributes, DataType, Dim, Shape, ValueType } from "./types.ts";

/** What a rule sees of one operator. */
export interface Call {
  readonly op: string;
  /** Undefined: an optional input that is left out. */
  readonly inputs: readonly (ValueType | undefined)[];
  readonly attributes: Attributes;
  /** The integers of input `i`, when they are known now. */
  constant(i: number): readonly number[] | undefined;
}
type Rule = (c: Call) => readonly ValueType[];

export const showShape = (shape: Shape): string => `[${shape.join(", ")}]`;
const known = (c: Call): ValueType[] => c.inputs.filter((v) => v !== undefined);

/** Throws `MW_GRAPH`: the operator, what came (all inputs with it), and what is wrong. */
function refuse(c: Call, expected: string): never {
  const got = c.inputs.map((v) => (v === undefined ? "-" : `${v.type}${showShape(v.shape)}`)).join(", ");
  return fail("MW_GRAPH", { field: c.op, got, expected });
}

const input = (c: Call, i: number): ValueType => c.inputs[i] ?? refuse(c, `an input ${i}`);
const constant = (c: Call, i: number): readonly number[] => c.constant(i) ?? refuse(c, `constant integers as input ${i}`);
const size = (c: Call, d: Dim | undefined): number => (typeof d === "number" ? d : refuse(c, "a known size"));

function intOf(c: Call, name: string, otherwise: number): number {
  const a = c.attributes[name];
  return a === undefined ? otherwise : a.kind === "int" ? Number(a.value) : refuse(c, `an integer ${name}`);
}

/** An axis counted from the front. */
function axisOf(c: Call, axis: number, rank: number): number {
  return Number.isInteger(axis) && axis >= -rank && axis < rank ? (axis + rank) % rank : refuse(c, `an axis in ${-rank}..${rank - 1}, not ${axis}`);
}

/** Numpy's rule: sizes from the right are equal, or one of them is 1. */
function broadcast(c: Call, shapes: readonly Shape[]): Shape {
  const rank = Math.max(0, ...shapes.map((s) => s.length));
  return Array.from({ length: rank }, (_, i) => {
    let out: Dim = 1;
    for (const shape of shapes) {
      const d = shape[i - rank + shape.length] ?? 1;
      if (d === 1 || d === out) continue;
      if (out !== 1) refuse(c, "shapes that broadcast");
      out = d;
    }
    return out;
  });
}

function sameType(c: Call, values = known(c)): DataType {
  const type = values[0]?.type ?? refuse(c, "an input");
  return values.every((v) => v.type === type) ? type : refuse(c, "inputs of one type");
}

const unary: Rule = (c) => [{ type: input(c, 0).type, shape: input(c, 0).shape }];
const elementwise: Rule = (c) => [
  {
    type: sameType(c),
    shape: broadcast(
      c,
      known(c).map((v) => v.shape),
    ),
  },
];
const compare: Rule = (c) => elementwise(c).map(({ shape }) => ({ type: "bool", shape }));
const logic: Rule = (c) => (sameType(c) === "bool" ? elementwise(c) : refuse(c, "bool inputs"));

const reduce: Rule = (c) => {
  const { type, shape } = input(c, 0);
  const axes = c.inputs[1] === undefined ? shape.map((_, i) => i) : constant(c, 1).map((a) => axisOf(c, a, shape.length));
  return [{ type, shape: dropAxes(shape, axes, intOf(c, "keepdims", 1) !== 0) }];
};
const argReduce: Rule = (c) => {
  const { shape } = input(c, 0);
  return [{ type: "int64", shape: dropAxes(shape, [axisOf(c, intOf(c, "axis", 0), shape.length)], intOf(c, "keepdims", 1) !== 0) }];
};
const dropAxes = (shape: Shape, axes: readonly number[], keep: boolean): Shape =>
  keep ? shape.map((d, i) => (axes.includes(i) ? 1 : d)) : shape.filter((_, i) => !axes.includes(i));

/** [.., n, k] x [.., k, m] -> [.., n, m], the rest broadcast; a vector counts as a row on the left and as a column on the right. */
const matMul: Rule = (c) => {
  const a = input(c, 0).shape,
    b = input(c, 1).shape;
  if (a.length === 0 || b.length === 0 || a.at(-1) !== (b.length === 1 ? b[0] : b.at(-2))) refuse(c, "equal inner sizes");
  const batch = broadcast(c, [a.slice(0, -2), b.slice(0, -2)]);
  return [{ type: sameType(c), shape: [...batch, ...(a.length > 1 ? [a.at(-2)!] : []), ...(b.length > 1 ? [b.at(-1)!] : [])] }];
};

const gather: Rule = (c) => {
  const { type, shape } = input(c, 0);
  const at = axisOf(c, intOf(c, "axis", 0), shape.length);
  return [{ type, shape: [...shape.slice(0, at), ...input(c, 1).shape, ...shape.slice(at + 1)] }];
};

const slice: Rule = (c) => {
  const { type, shape } = input(c, 0);
  const starts = constant(c, 1),
    ends = constant(c, 2);
  const axes = (c.inputs[3] === undefined ? starts.map((_, i) => i) : constant(c, 3)).map((a) => axisOf(c, a, shape.length));
  const steps = c.inputs[4] === undefined ? starts.map(() => 1) : constant(c, 4);
  const out = [...shape];
  axes.forEach((axis, i) => {
    const n = size(c, shape[axis]),
      step = steps[i]!;
    const high = step > 0 ? n : n - 1;
    const clamp = (v: number, low: number): number => Math.min(high, Math.max(low, v < 0 ? v + n : v));
    out[axis] = Math.max(0, Math.ceil((clamp(ends[i]!, step > 0 ? 0 : -1) - clamp(starts[i]!, 0)) / step)); // backwards, the end may lie before the first
  });
  return [{ type, shape: out }];
};

/** 0 keeps the size at that place, -1 takes what is left. */
const reshape: Rule = (c) => {
  const { type, shape } = input(c, 0);
  const to = constant(c, 1).map((d, i): Dim => (d === 0 ? (shape[i] ?? refuse(c, `${i + 1} sizes to keep`)) : d));
  const rest = shape.filter((d) => typeof d === "string" && !to.includes(d));
  const count = (dims: Shape): number => dims.reduce<number>((n, d) => (typeof d === "number" ? n * d : n), 1);
  if (rest.length > 0)
    return rest.length === 1 && to.includes(-1) ? [{ type, shape: to.map((d) => (d === -1 ? rest[0]! : d)) }] : refuse(c, `a shape that keeps ${rest.join()}`);
  const left = count(shape) / count(to.filter((d) => d !== -1));
  if (!Number.isInteger(left) || (left !== 1 && !to.includes(-1))) refuse(c, `as many elements as in ${showShape(to)}`);
  return [{ type, shape: to.map((d) => (d === -1 ? left : d)) }];
};

const concat: Rule = (c) => {
  const values = known(c);
  const first = input(c, 0).shape;
  const at = axisOf(c, intOf(c, "axis", 0), first.length);
  for (const v of values)
    if (v.shape.length !== first.length || v.shape.some((d, i) => i !== at && d !== first[i])) refuse(c, `equal sizes except on axis ${at}`);
  const total = values.length === 1 ? first[at]! : values.reduce((n, v) => n + size(c, v.shape[at]), 0);
  return [{ type: sameType(c), shape: first.map((d, i) => (i === at ? total : d)) }];
};

const transpose: Rule = (c) => {
  const { type, shape } = input(c, 0);
  const perm = c.attributes["perm"]?.kind === "ints" ? c.attributes["perm"].value.map(Number) : shape.map((_, i) => shape.length - 1 - i);
  if ([...perm].sort((a, b) => a - b).some((p, i) => p !== i) || perm.length !== shape.length)
    refuse(c, `an order of ${shape.length} axes, not ${showShape(perm)}`);
  return [{ type, shape: perm.map((p) => shape[p]!) }];
};

const pad: Rule = (c) => {
  const { type, shape } = input(c, 0);
  const pads = constant(c, 1);
  if (pads.length !== 2 * shape.length) refuse(c, `${2 * shape.length} pads`);
  return [{ type, shape: shape.map((d, i) => (pads[i] === 0 && pads[i + shape.length] === 0 ? d : size(c, d) + pads[i]! + pads[i + shape.length]!)) }];
};

const unsqueeze: Rule = (c) => {
  const { type, shape } = input(c, 0);
  const rank = shape.length + constant(c, 1).length;
  const axes = constant(c, 1).map((a) => axisOf(c, a, rank));
  let from = 0;
  return [{ type, shape: Array.from({ length: rank }, (_, i) => (axes.includes(i) ? 1 : shape[from++]!)) }];
};

const squeeze: Rule = (c) => {
  const { type, shape } = input(c, 0);
  const axes = c.inputs[1] === undefined ? shape.flatMap((d, i) => (d === 1 ? [i] : [])) : constant(c, 1).map((a) => axisOf(c, a, shape.length));
  return axes.every((a) => shape[a] === 1) ? [{ type, shape: dropAxes(shape, axes, false) }] : refuse(c, "size 1 on each squeezed axis");
};

const expand: Rule = (c) => [{ type: input(c, 0).type, shape: broadcast(c, [input(c, 0).shape, constant(c, 1)]) }];

const cast: Rule = (c) => {
  const to = c.attributes["to"];
  const type = to?.kind === "int" ? CAST_TYPES[Number(to.value)] : undefined;
  return [{ type: type ?? refuse(c, "a type to cast to"), shape: input(c, 0).shape }];
};
const CAST_TYPES: Readonly<Record<number, DataType>> = { 1: "float32", 6: "int32", 7: "int64", 9: "bool", 11: "float64" };

const where: Rule = (c) =>
  input(c, 0).type === "bool"
    ? [
        {
          type: sameType(c, known(c).slice(1)),
          shape: broadcast(
            c,
            known(c).map((v) => v.shape),
          ),
        },
      ]
    : refuse(c, "a bool condition");

/** Same sizes as the indices; the data may be longer on the axis only. */
const gatherElements: Rule = (c) => {
  const { type, shape } = input(c, 0),
    indices = input(c, 1).shape;
  const at = axisOf(c, intOf(c, "axis", 0), shape.length);
  return indices.length === shape.length && indices.every((d, i) => i === at || d === shape[i])
    ? [{ type, shape: indices }]
    : refuse(c, "indices of the data's sizes");
};

/** Every operator that can be built. */
export const RULES = {
  Abs: unary, Ceil: unary, Erf: unary, Exp: unary, Floor: unary, Identity: unary, Log: unary, Neg: unary, Reciprocal: unary,
  Relu: unary, Round: unary, Sigmoid: unary, Sign: unary, Softmax: unary, Sqrt: unary, Tanh: unary, CumSum: unary,
  Add: elementwise, Sub: elementwise, Mul: elementwise, Div: elementwise, Min: elementwise, Max: elementwise, Pow: elementwise,
  Less: compare, LessOrEqual: compare, Greater: compare, GreaterOrEqual: compare, Equal: compare,
  And: logic, Or: logic, Not: logic, Where: where,
  ReduceSum: reduce, ReduceMean: reduce, ReduceMax: reduce, ReduceMin: reduce, ReduceProd: reduce, ReduceSumSquare: reduce,
  ArgMin: argReduce, ArgMax: argReduce,
  MatMul: matMul, Gather: gather, GatherElements: gatherElements, Slice: slice, Reshape: reshape, Concat: concat, Transpose: transpose,
  Pad: pad, Unsqueeze: unsqueeze, Squeeze: squeeze, Expand: expand, Cast: cast,
} as const satisfies Record<string, Rule>; // prettier-ignore
export type OpName = keyof typeof RULES;
