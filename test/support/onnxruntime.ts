/** Runs an ONNX model with plain onnxruntime-node, as any user of the file would. It blocks the thread: for tests only. */
import type { DataType, TypedArray } from "../../lib/engine/graph/types.ts";

process.env["ORT_DISABLE_TELEMETRY"] = "1"; // before the library is loaded

export interface RuntimeTensor {
  readonly type: string;
  readonly dims: readonly number[];
  readonly data: TypedArray | readonly string[];
}
export interface Feed {
  readonly type: DataType;
  readonly shape: readonly number[];
  readonly data: TypedArray;
}
export interface RuntimeSession {
  run(feeds: Record<string, Feed>): Promise<Record<string, RuntimeTensor>>;
  release(): Promise<void>;
}

interface Library {
  readonly Tensor: new (type: string, data: unknown, dims: readonly number[]) => RuntimeTensor;
  readonly InferenceSession: {
    create(bytes: Uint8Array, options: object): Promise<{ run(feeds: object): Promise<Record<string, RuntimeTensor>>; release(): Promise<void> }>;
  };
}

/** Undefined when onnxruntime-node, which is optional, is not installed. */
export async function loadRuntime(): Promise<Library | undefined> {
  try {
    const name = "onnxruntime-node";
    return (await import(name)) as Library;
  } catch {
    return undefined;
  }
}

/** Opens a session with one thread; undefined without the library. */
export async function openModel(bytes: Uint8Array): Promise<RuntimeSession | undefined> {
  const library = await loadRuntime();
  if (library === undefined) return undefined;
  const session = await library.InferenceSession.create(bytes, { intraOpNumThreads: 1, interOpNumThreads: 1, logSeverityLevel: 3 });
  return {
    run: (feeds) =>
      session.run(Object.fromEntries(Object.entries(feeds).map(([name, { type, data, shape }]) => [name, new library.Tensor(type, data, shape)]))),
    release: () => session.release(),
  };
}
