import { damagedDocument } from "../../sim/core/documents.js";
import type { InputError } from "../../sim/core/errors.js";
import type { Tensor } from "../../sim/core/safetensors.js";
import type { SavedArray } from "../model/saved-arrays.js";

/** What a message about a damaged checkpoint says. */
export const CHECKPOINT_ERROR = {
  expected: "a checkpoint as `hypercrl train` writes it",
  todo: "Copy the file again from where it came from, or start the run anew",
};

/** The error of a checkpoint's file that does not hold what it should. */
export function damaged(path: string, got: string, cause?: unknown): InputError {
  return damagedDocument(`Checkpoint ${path}`, got, CHECKPOINT_ERROR, cause);
}

/** The arrays of a checkpoint as they were read. */
export class SavedArrays {
  readonly #path: string;
  readonly #tensors: Readonly<Record<string, Tensor>>;

  /** @param path for messages */
  constructor(path: string, tensors: Readonly<Record<string, Tensor>>) {
    this.#path = path;
    this.#tensors = tensors;
  }

  /** Whether there is an array of a name. */
  has(name: string): boolean {
    return name in this.#tensors;
  }

  /** The names that follow a prefix, without it. */
  namesAfter(prefix: string): string[] {
    const names = Object.keys(this.#tensors).filter((name) => name.startsWith(prefix));
    return names.map((name) => name.slice(prefix.length));
  }

  /** An array with its shape. @throws InputError when it is missing or of other numbers */
  array(name: string): SavedArray {
    return { shape: this.#tensors[name]?.shape ?? [], data: this.floats(name) };
  }

  /** @param size how many there must be; default any. @throws InputError when they are missing, others or of another size */
  floats(name: string, size?: number): Float32Array {
    const data = this.#tensors[name]?.data;
    if (data instanceof Float32Array) return this.#sized(name, data, size);
    throw this.damaged(`${data === undefined ? "no array" : "other numbers than float32 in"} ${name}`);
  }

  /** @throws InputError when they are missing, others or of another size */
  doubles(name: string, size?: number): Float64Array {
    const data = this.#tensors[name]?.data;
    if (data instanceof Float64Array) return this.#sized(name, data, size);
    throw this.damaged(`no float64 numbers in ${name}`);
  }

  /** The error of these arrays. */
  damaged(got: string): InputError {
    return damaged(this.#path, got);
  }

  #sized<Numbers extends Float32Array | Float64Array>(
    name: string,
    data: Numbers,
    size = data.length,
  ): Numbers {
    if (data.length === size) return data;
    throw this.damaged(`${data.length} numbers in ${name}, where the run has ${size}`);
  }
}
