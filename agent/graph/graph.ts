/** A size known when the graph is built, or the name of one known when it runs. */
export type Dimension = number | string;
/** Sizes of a tensor, outermost first. */
export type Shape = readonly Dimension[];
export type DataType = "float32" | "int32" | "int64" | "bool" | "int8" | "uint8";
export type Attribute = number | readonly number[] | Graph | { readonly float: number };

export interface Node {
  readonly operator: string;
  readonly inputs: readonly (Tensor | undefined)[];
  readonly outputs: readonly Tensor[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

/** A value of a graph: symbolic, typed and shaped. */
export interface Tensor {
  readonly graph: Graph;
  readonly name: string;
  readonly shape: Shape;
  readonly type: DataType;
}

export interface ConstantData {
  readonly tensor: Tensor;
  readonly data: Float32Array | Int32Array | BigInt64Array | Uint8Array;
}

export interface OutputShape {
  readonly shape: Shape;
  readonly type?: DataType;
}

/** As many tensors as there are entries in the tuple or list T. */
export type TensorsOf<T extends readonly unknown[]> = { -readonly [K in keyof T]: Tensor };

/**
 * An ONNX graph under construction. Nodes are kept in the order they were added, which is a valid order of
 * execution. The body of a loop is a graph of its own that may use its parent's tensors by name.
 */
export class Graph {
  readonly parent: Graph | undefined;
  readonly inputs: Tensor[] = [];
  readonly nodes: Node[] = [];
  readonly constants: ConstantData[] = [];
  readonly outputs: { name: string; tensor: Tensor }[] = [];
  readonly #counter: { next: number };
  readonly #scalars = new Map<number, Tensor>();

  constructor(parent?: Graph) {
    this.parent = parent;
    this.#counter = parent === undefined ? { next: 0 } : parent.#counter;
  }

  /** Declares a value fed at run time. */
  input(name: string, shape: Shape, type: DataType = "float32"): Tensor {
    const tensor = { graph: this, name, shape, type };
    this.inputs.push(tensor);
    return tensor;
  }

  /** A float32 constant; scalars (`shape []`) are shared. */
  constant(values: ArrayLike<number> | number, shape?: Shape): Tensor {
    if (typeof values === "number") {
      const known = this.#scalars.get(values);
      if (known !== undefined) return known;
      const scalar = this.#addConstant(Float32Array.of(values), [], "float32");
      this.#scalars.set(values, scalar);
      return scalar;
    }
    return this.#addConstant(Float32Array.from(values), shape ?? [values.length], "float32");
  }

  /** An int64 constant: axes, sizes, starts, ends. */
  integers(values: readonly number[], shape: Shape = [values.length]): Tensor {
    return this.#addConstant(BigInt64Array.from(values, BigInt), shape, "int64");
  }

  /** A constant truth value, shape `[]`. */
  bool(value: boolean): Tensor {
    return this.#addConstant(Uint8Array.of(value ? 1 : 0), [], "bool");
  }

  /** Adds a node and returns its outputs. Prefer the functions of `operations.ts`, which infer shapes. */
  apply<const T extends readonly OutputShape[]>(
    operator: string,
    inputs: readonly (Tensor | undefined)[],
    outputs: T,
    attributes?: Readonly<Record<string, Attribute>>,
  ): TensorsOf<T>;
  apply(
    operator: string,
    inputs: readonly (Tensor | undefined)[],
    outputs: readonly OutputShape[],
    attributes: Readonly<Record<string, Attribute>> = {},
  ): Tensor[] {
    const made = outputs.map(({ shape, type = "float32" }) => ({
      graph: this,
      name: this.freshName(operator),
      shape,
      type,
    }));
    this.nodes.push({ operator, inputs, outputs: made, attributes });
    return made;
  }

  /** Names a tensor as a result of the graph. */
  output(name: string, tensor: Tensor): void {
    this.outputs.push({ name, tensor });
  }

  /** A name that nothing else in the graph has. */
  freshName(prefix: string): string {
    return `${prefix}_${this.#counter.next++}`;
  }

  #addConstant(data: ConstantData["data"], shape: Shape, type: DataType): Tensor {
    const tensor = { graph: this, name: this.freshName("constant"), shape, type };
    this.constants.push({ tensor, data });
    return tensor;
  }
}

/** The innermost graph among the tensors': a node must live where all of its inputs are visible. */
export function innermost(tensors: readonly Tensor[]): Graph {
  const [first] = tensors;
  if (first === undefined) throw new RangeError("A node must have a tensor among its operands.");
  let best = first.graph;
  let depth = depthOf(best);
  for (const { graph } of tensors) {
    const d = depthOf(graph);
    if (d > depth) {
      best = graph;
      depth = d;
    }
  }
  return best;
}

function depthOf(graph: Graph): number {
  let depth = 0;
  for (let g = graph.parent; g !== undefined; g = g.parent) depth++;
  return depth;
}
