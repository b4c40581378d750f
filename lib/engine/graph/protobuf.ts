/** The protocol buffers wire format, as much of it as ONNX uses. Source: https://protobuf.dev/programming-guides/encoding/ */
import { fail, type Bilingual } from "../../errors.ts";

export const VARINT = 0;
export const FIXED64 = 1;
export const BYTES = 2;
export const FIXED32 = 5;

const ONNX: Bilingual = { en: "an ONNX model", zh: "ONNX 模型" };
const utf8 = new TextEncoder();
const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Throws `MW_MODEL_FORMAT`: what was found in the bytes, and what a model has there. */
export function damaged(en: string, zh: string, expected: Bilingual = ONNX): never {
  return fail("MW_MODEL_FORMAT", { got: { en, zh }, expected });
}

/** Collects the fields of one message; nested messages are joined, not copied, until `finish`. */
export class ProtoWriter {
  readonly #parts: Uint8Array[] = [];
  #length = 0;

  #add(part: Uint8Array): this {
    this.#parts.push(part);
    this.#length += part.length;
    return this;
  }

  #raw(value: bigint): this {
    const out: number[] = [];
    let v = BigInt.asUintN(64, value); // negative numbers take ten bytes
    for (; v > 127n; v >>= 7n) out.push(Number(v & 127n) | 128);
    out.push(Number(v));
    return this.#add(Uint8Array.from(out));
  }

  #key(field: number, wire: number): this {
    return this.#raw(BigInt(field * 8 + wire));
  }

  varint(field: number, value: number | bigint): this {
    return this.#key(field, VARINT).#raw(BigInt(value));
  }

  float(field: number, value: number): this {
    return this.#key(field, FIXED32).#add(new Uint8Array(Float32Array.of(value).buffer));
  }

  bytes(field: number, value: Uint8Array): this {
    return this.#key(field, BYTES).#raw(BigInt(value.length)).#add(value);
  }

  string(field: number, value: string): this {
    return this.bytes(field, utf8.encode(value));
  }

  message(field: number, child: ProtoWriter): this {
    this.#key(field, BYTES).#raw(BigInt(child.#length));
    for (const part of child.#parts) this.#add(part);
    return this;
  }

  /** Whole fields as they were read, key included. */
  verbatim(fields: readonly Uint8Array[]): this {
    for (const field of fields) this.#add(field);
    return this;
  }

  finish(): Uint8Array {
    const out = new Uint8Array(this.#length);
    let at = 0;
    for (const part of this.#parts) {
      out.set(part, at);
      at += part.length;
    }
    return out;
  }
}

/** One field of a message. Reading it as another wire type than it has throws `MW_MODEL_FORMAT`. */
export class Field {
  readonly number: number;
  readonly wire: number;
  /** Key and value as they were read. */
  readonly whole: Uint8Array;
  readonly #value: bigint | Uint8Array;

  constructor(number: number, wire: number, value: bigint | Uint8Array, whole: Uint8Array) {
    this.number = number;
    this.wire = wire;
    this.#value = value;
    this.whole = whole;
  }

  get bytes(): Uint8Array {
    return this.wire === BYTES && typeof this.#value !== "bigint"
      ? this.#value
      : damaged(`field ${this.number} has wire type ${this.wire}`, `字段 ${this.number} 的编码类型为 ${this.wire}`);
  }

  get string(): string {
    try {
      return text.decode(this.bytes);
    } catch (error) {
      return error instanceof TypeError
        ? damaged(`field ${this.number} is not UTF-8`, `字段 ${this.number} 不是 UTF-8`)
        : fail("MW_MODEL_FORMAT", { got: String(error), expected: ONNX }, error);
    }
  }

  /** Signed 64-bit. */
  get int(): bigint {
    return typeof this.#value === "bigint"
      ? BigInt.asIntN(64, this.#value)
      : damaged(`field ${this.number} has wire type ${this.wire}`, `字段 ${this.number} 的编码类型为 ${this.wire}`);
  }

  /** An integer that fits a JavaScript number. */
  get number53(): number {
    const value = Number(this.int);
    return Number.isSafeInteger(value) ? value : damaged(`field ${this.number} holds ${this.int}`, `字段 ${this.number} 的值为 ${this.int}`);
  }

  /** The values of a repeated integer field, packed or one at a time. */
  get ints(): bigint[] {
    if (this.wire !== BYTES) return [this.int];
    const out: bigint[] = [];
    const cursor = { at: 0 };
    while (cursor.at < this.bytes.length) out.push(BigInt.asIntN(64, varint(this.bytes, cursor)));
    return out;
  }

  /** The little-endian bytes of a repeated 32- or 64-bit field, packed or one at a time. */
  fixed(width: 4 | 8): Uint8Array {
    const value = this.#value;
    if (typeof value === "bigint" || (this.wire !== BYTES && this.wire !== (width === 4 ? FIXED32 : FIXED64)) || value.length % width !== 0)
      return damaged(`field ${this.number} has wire type ${this.wire}`, `字段 ${this.number} 的编码类型为 ${this.wire}`);
    return value;
  }

  get float(): number {
    const b = this.fixed(4);
    return b.length === 4
      ? new DataView(b.buffer, b.byteOffset, 4).getFloat32(0, true)
      : damaged(`field ${this.number} has ${b.length} bytes`, `字段 ${this.number} 有 ${b.length} 字节`);
  }
}

function varint(bytes: Uint8Array, cursor: { at: number }): bigint {
  let low = 0; // the first 28 bits: enough for nearly every key and length
  for (let shift = 0; shift < 28; shift += 7) {
    const byte = bytes[cursor.at++] ?? damaged("the file ends too early", "文件不完整");
    low |= (byte & 127) << shift;
    if (byte < 128) return BigInt(low);
  }
  let value = BigInt(low);
  for (let shift = 28n; shift < 70n; shift += 7n) {
    const byte = bytes[cursor.at++] ?? damaged("the file ends too early", "文件不完整");
    value |= BigInt(byte & 127) << shift;
    if (byte < 128) return BigInt.asUintN(64, value);
  }
  return damaged("a number has over ten bytes", "某个数超过十个字节");
}

/** The fields of one message, in order. Views into `bytes`, nothing is copied. */
export function* fields(bytes: Uint8Array): Generator<Field, void, undefined> {
  const cursor = { at: 0 };
  const take = (length: number): Uint8Array => {
    if (length > bytes.length - cursor.at) damaged("the file ends too early", "文件不完整");
    return bytes.subarray(cursor.at, (cursor.at += length));
  };
  while (cursor.at < bytes.length) {
    const start = cursor.at;
    const key = Number(varint(bytes, cursor));
    const number = Math.floor(key / 8),
      wire = key % 8;
    if (number < 1 || number >= 2 ** 29) damaged(`there is no field ${number}`, `没有字段 ${number}`);
    let value: bigint | Uint8Array;
    if (wire === VARINT) value = varint(bytes, cursor);
    else if (wire === FIXED64) value = take(8);
    else if (wire === FIXED32) value = take(4);
    else if (wire === BYTES) value = take(Number(varint(bytes, cursor)));
    else value = damaged(`there is no wire type ${wire}`, `没有编码类型 ${wire}`);
    yield new Field(number, wire, value, bytes.subarray(start, cursor.at));
  }
}
