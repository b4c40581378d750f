/**
 * Structured data with large typed arrays as bytes: the arrays are laid out one after the other and come back as views of the
 * bytes read, so that neither packing nor unpacking megabytes holds the thread for longer than one copy of memory.
 *
 *   magic u32 | length of head u32 | head (v8: value with places for arrays, and their kinds and lengths) | arrays, each at a multiple of 8
 */
import { deserialize, serialize } from "node:v8";

const MAGIC = 0x4d574631; // "MWF1"
/** Smaller arrays stay in the head. */
const LARGE = 512; // bytes
/** Plain arrays longer than this are not searched for typed arrays. */
const SEARCHED = 4096;
const ALIGN = 8;

const KINDS = { Float64Array, Float32Array, Int32Array, Uint32Array, Uint16Array, Int8Array, Uint8Array } as const;
type Kind = keyof typeof KINDS;
type Big = InstanceType<(typeof KINDS)[Kind]>;

interface Head {
  readonly value: unknown;
  readonly arrays: readonly (readonly [Kind, number])[];
}
/** Stands in the head where the array of this index was. */
interface Place {
  readonly $frame: number;
}

const align = (n: number): number => Math.ceil(n / ALIGN) * ALIGN;
const isPlain = (v: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(v);
  return prototype === Object.prototype || prototype === null;
};

/** The bytes of `value` (structured-cloneable). Everything is copied: `value` may change afterwards. */
export function pack(value: unknown): Uint8Array {
  const arrays: Big[] = [];
  const take = (v: unknown): unknown => {
    if (typeof v !== "object" || v === null) return v;
    if (ArrayBuffer.isView(v)) {
      if (v.byteLength < LARGE || !(v.constructor.name in KINDS)) return v;
      arrays.push(v as Big);
      return { $frame: arrays.length - 1 } satisfies Place;
    }
    if (Array.isArray(v)) return v.length > SEARCHED ? v : v.map(take);
    if (!isPlain(v)) return v;
    const copy: Record<string, unknown> = {};
    for (const key of Object.keys(v)) copy[key] = take((v as Record<string, unknown>)[key]);
    return copy;
  };
  const stripped = take(value);
  const head = serialize({ value: stripped, arrays: arrays.map((a) => [a.constructor.name as Kind, a.length] as const) } satisfies Head);
  let at = align(8 + head.length);
  const bytes = new Uint8Array(arrays.reduce((end, a) => align(end + a.byteLength), at));
  new DataView(bytes.buffer).setUint32(0, MAGIC, true);
  new DataView(bytes.buffer).setUint32(4, head.length, true);
  bytes.set(head, 8);
  for (const a of arrays) {
    bytes.set(new Uint8Array(a.buffer, a.byteOffset, a.byteLength), at);
    at = align(at + a.byteLength);
  }
  return bytes;
}

/** Back from `pack`. Large arrays are views of `bytes`. Throws a RangeError when the bytes are not whole. */
export function unpack(bytes: Uint8Array): unknown {
  const source = bytes.byteOffset % ALIGN === 0 ? bytes : bytes.slice();
  const view = new DataView(source.buffer, source.byteOffset, source.byteLength);
  if (source.byteLength < 8 || view.getUint32(0, true) !== MAGIC) throw new RangeError("not a frame");
  const length = view.getUint32(4, true);
  if (8 + length > source.byteLength) throw new RangeError("the frame is cut short");
  const head = deserialize(source.subarray(8, 8 + length)) as Head;
  let at = align(8 + length);
  const arrays = head.arrays.map(([kind, count]) => {
    const size = count * KINDS[kind].BYTES_PER_ELEMENT;
    if (at + size > source.byteLength) throw new RangeError("the frame is cut short");
    const array = new KINDS[kind](source.buffer as ArrayBuffer, source.byteOffset + at, count);
    at = align(at + size);
    return array;
  });
  const put = (v: unknown): unknown => {
    if (typeof v !== "object" || v === null || ArrayBuffer.isView(v)) return v;
    if (Array.isArray(v)) {
      if (v.length <= SEARCHED) for (let i = 0; i < v.length; i++) v[i] = put(v[i]);
      return v;
    }
    if (!isPlain(v)) return v;
    const place = (v as Partial<Place>).$frame;
    if (typeof place === "number") return arrays[place];
    const object = v as Record<string, unknown>;
    for (const key of Object.keys(object)) object[key] = put(object[key]);
    return object;
  };
  return put(head.value);
}
