import { InferenceSession, Tensor as OrtTensor } from "hypercrl-onnxruntime";
import { encodeModel } from "./encode.js";
import type { Graph } from "./graph.js";

const ALIGNMENT = 64;

/** As many arrays as there are lengths in the tuple or list T. */
type ArraysOf<T extends readonly number[]> = { -readonly [K in keyof T]: Float32Array };

/**
 * Arrays on one buffer, 64-byte aligned. Alignment decides where the runtime's vectorised loops start and so the last
 * bits of sums; fixed alignment keeps the same seed at the same bytes. A buffer that may be resized has pages of its own
 * and so begins at a page, unlike an ordinary one; and unlike a WebAssembly memory, which begins at a page too, it does
 * not reserve 10 GiB of address space.
 */
export function alignedArrays<const T extends readonly number[]>(lengths: T): ArraysOf<T>;
export function alignedArrays(lengths: readonly number[]): Float32Array[] {
  const strides = lengths.map((n) => Math.ceil((n * 4) / ALIGNMENT) * ALIGNMENT);
  const bytes = strides.reduce((sum, stride) => sum + stride, 0);
  const buffer = new ArrayBuffer(bytes, { maxByteLength: Math.max(ALIGNMENT, bytes) });
  let at = 0;
  return lengths.map((n, i) => {
    const view = new Float32Array(buffer, at, n);
    at += strides[i]!;
    return view;
  });
}

export function alignedArray(length: number): Float32Array {
  return alignedArrays([length])[0];
}

/** Wraps an array (not copied) as a runtime tensor. */
export function tensor(data: Float32Array | BigInt64Array | Int8Array, shape: readonly number[]): OrtTensor {
  if (data instanceof Float32Array) return new OrtTensor("float32", data, shape);
  if (data instanceof Int8Array) return new OrtTensor("int8", data, shape);
  return new OrtTensor("int64", data, shape);
}

/** A copy of an array that is aligned, as a runtime tensor. */
export function alignedTensor(data: Float32Array, shape: readonly number[]): OrtTensor {
  const copy = alignedArray(data.length);
  copy.set(data);
  return tensor(copy, shape);
}

/** Tensors by the names that a graph's inputs or outputs have. */
export type Feeds = Readonly<Record<string, OrtTensor>>;

/** What a run takes and where its results go. */
export type RunTensors = readonly [feeds: Feeds, results: Feeds];

/** A compiled graph. Results go to pre-allocated arrays, so repeated runs allocate nothing here. */
export class Session {
  readonly #session: InferenceSession;

  private constructor(session: InferenceSession) {
    this.#session = session;
  }

  /** Compiles a graph for the CPU. */
  static create(graph: Graph): Promise<Session> {
    return Session.fromModel(encodeModel(graph));
  }

  /**
   * Compiles the bytes of `encodeModel`. A session computes on the thread that runs it and on no other: that is the
   * fair choice when other runs share the machine, and `Crew` is how one run uses more cores.
   */
  static async fromModel(model: Uint8Array): Promise<Session> {
    const session = await InferenceSession.create(model, {
      executionProviders: ["cpu"],
      graphOptimizationLevel: "all",
      executionMode: "sequential",
      intraOpNumThreads: 1,
      interOpNumThreads: 1,
      enableMemPattern: true,
      logSeverityLevel: 3,
    });
    return new Session(session);
  }

  /** Runs the graph; `results` maps output names to tensors over pre-allocated arrays. */
  async run(feeds: Feeds, results: Feeds): Promise<void> {
    await this.#session.run(feeds, results);
  }

  /** Frees the native memory. */
  async release(): Promise<void> {
    await this.#session.release();
  }
}
