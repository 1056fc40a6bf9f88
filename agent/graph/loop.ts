import { Graph, type Tensor } from "./graph.js";

/** What an ONNX `Loop` leaves. */
export interface LoopResult {
  /** Final values of the carried states, in order. */
  readonly states: Tensor[];
  /** Values collected at every iteration, `[iterations, ...]`. */
  readonly collected: Tensor[];
}

/**
 * Adds an ONNX `Loop` that runs `body` `iterations` times, so that many steps cost one call of the runtime.
 * @param iterations int64 scalar
 * @param initial values of the carried states before the first iteration
 * @param body builds one iteration: gets the iteration number (int64 scalar) and the states, returns the next
 *   states and what to collect
 */
export function loop(
  graph: Graph,
  iterations: Tensor,
  initial: readonly Tensor[],
  body: (
    g: Graph,
    iteration: Tensor,
    states: Tensor[],
  ) => { next: readonly Tensor[]; collect: readonly Tensor[] },
): LoopResult {
  const inner = new Graph(graph);
  const iteration = inner.input(inner.freshName("iteration"), [], "int64");
  const condition = inner.input(inner.freshName("condition"), [], "bool");
  const states = initial.map((s) => inner.input(inner.freshName("state"), s.shape, s.type));
  const { next, collect } = body(inner, iteration, states);
  const proceed = inner.apply("Identity", [condition], [{ shape: [], type: "bool" }])[0];
  for (const tensor of [proceed, ...next, ...collect]) inner.output(inner.freshName("result"), tensor);
  const outputs = graph.apply(
    "Loop",
    [iterations, graph.bool(true), ...initial],
    [
      ...next.map(({ shape, type }) => ({ shape, type })),
      ...collect.map(({ shape, type }) => ({ shape: ["iterations", ...shape], type })),
    ],
    { body: inner },
  );
  return { states: outputs.slice(0, next.length), collected: outputs.slice(next.length) };
}
