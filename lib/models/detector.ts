/**
 * A trained detector as one `.onnx` file: the graph from raw samples to score for every ONNX runtime, the card in its metadata, and what the
 * streaming detector is rebuilt from. Learned arrays that the graph uses are its initializers, named by where they belong; the rest is metadata.
 */
import { fail, type Bilingual } from "../errors.ts";
import { buildDetector } from "../detect/export/fused.ts";
import { Weights } from "../detect/export/weights.ts";
import type { DetectorModel, Member } from "../detect/model.ts";
import { METHOD_NAMES } from "../detect/types.ts";
import { GraphBuilder } from "../engine/graph/builder.ts";
import { decodeModel } from "../engine/graph/decode.ts";
import { encodeModel } from "../engine/graph/encode.ts";
import { DATA_TYPES, type Model, type TypedArray } from "../engine/graph/types.ts";
import { cardToMetadata } from "./card.ts";
import { detectorCard } from "./detector-card.ts";
import { pack, tensorType, unpack } from "./params.ts";
import { PRODUCER, VERSION } from "./version.ts";

const PARAMS = "millwright.detector"; // JSON of params.ts
const ARRAYS = "millwright.arrays"; // JSON: name -> [type, base64 of the little-endian elements]
const EXPECTED: Bilingual = { en: "a Millwright detector", zh: "Millwright 检测器" };

export function writeDetector(model: DetectorModel): Uint8Array {
  const { json, tensors } = pack(model);
  const names = new Map(Array.from(tensors, ([name, array]) => [array, name]));
  const g = new GraphBuilder();
  const weights = new Weights(g, names);
  buildDetector(g, weights, model);
  const others = Array.from(tensors).filter(([, array]) => !weights.has(array));
  const arrays = Object.fromEntries(others.map(([name, a]) => [name, [tensorType(a), Buffer.from(a.buffer, a.byteOffset, a.byteLength).toString("base64")]]));
  const metadata = { ...cardToMetadata(detectorCard(model)), [PARAMS]: json, [ARRAYS]: JSON.stringify(arrays) };
  return encodeModel(g.build({ name: "anomaly detector", producer: PRODUCER, producerVersion: VERSION, metadata }));
}

/** Throws `MW_MODEL_FORMAT` when the bytes are not a model that `writeDetector` of this or an earlier version wrote. */
export function readDetector(bytes: Uint8Array): DetectorModel {
  const model = decodeModel(bytes);
  const json = model.metadata[PARAMS] ?? refuse(`a model of ${model.producer || "unknown origin"}`, `来自 ${model.producer || "未知来源"} 的模型`);
  const arrays = storedArrays(model);
  return checked(unpack(json, (name) => arrays(name)));
}

function refuse(en: string, zh: string): never {
  return fail("MW_MODEL_FORMAT", { got: { en, zh }, expected: EXPECTED });
}

/** Arrays by name, from the initializers and from the metadata. */
function storedArrays(model: Model): (name: string) => TypedArray | undefined {
  const broken = (): never => refuse(`its entry ${ARRAYS} is damaged`, `元数据 ${ARRAYS} 已损坏`);
  let stored: Record<string, unknown> = {};
  try {
    stored = { ...(JSON.parse(model.metadata[ARRAYS] ?? "{}") as object) };
  } catch {
    broken();
  }
  return (name) => {
    const data = model.graph.initializers.get(name)?.data;
    if (ArrayBuffer.isView(data)) return data;
    const entry: unknown = Object.hasOwn(stored, name) ? stored[name] : undefined;
    if (entry === undefined) return undefined;
    const [type, text] = Array.isArray(entry) ? (entry as unknown[]) : broken();
    const array = Object.hasOwn(DATA_TYPES, String(type)) ? DATA_TYPES[type as keyof typeof DATA_TYPES].array : undefined;
    const raw = Uint8Array.from(Buffer.from(String(text), "base64"));
    return array !== undefined && raw.length % array.BYTES_PER_ELEMENT === 0 ? new array(raw.buffer) : broken();
  };
}

/** What the streaming path relies on; the methods' own parameters are taken from the same file and are not looked into. */
function checked(value: unknown): DetectorModel {
  const isObject = (v: unknown): v is object => typeof v === "object" && v !== null;
  const positive = (v: unknown): boolean => typeof v === "number" && v > 0 && Number.isFinite(v);
  if (!isObject(value)) return refuse("no parameters", "没有参数");
  const m = value as Partial<DetectorModel>;
  if (m.format !== 1) return refuse(`format ${String(m.format)}, of a later version of this package`, `格式 ${String(m.format)}，来自本软件包的更高版本`);
  const { signals, kinds, columns, members } = m;
  if (!Array.isArray(signals) || !Array.isArray(kinds) || !Array.isArray(columns) || !Array.isArray(members))
    return refuse("parameters without signals or methods", "参数中没有信号或方法");
  if (kinds.length !== signals.length || signals.some((s: unknown) => !isObject(s) || typeof (s as { name?: unknown }).name !== "string"))
    return refuse("signals without names or kinds", "信号没有名称或类型");
  if (columns.length === 0 || columns.some((c: unknown) => !Number.isInteger(c) || !((c as number) >= 0 && (c as number) < signals.length)))
    return refuse("columns that are no signals", "列与信号不符");
  const fits = ({ method, params, weight, scale }: Partial<Member>): boolean =>
    (METHOD_NAMES as readonly unknown[]).includes(method) && isObject(params) && positive(weight) && positive(scale);
  if (members.length === 0 || !(members as unknown[]).every((v) => isObject(v) && fits(v))) return refuse("methods that are not known", "方法未知");
  if (!positive(m.limit) || !positive(m.window) || !positive(m.smoothing) || !positive(m.periodMs))
    return refuse("a limit, window or period that is no positive number", "限值、窗口或周期不是正数");
  if (![m.calibration, m.health, m.impute, m.change, m.trained].every(isObject)) return refuse("parameters with parts missing", "参数不完整");
  return m as DetectorModel;
}
