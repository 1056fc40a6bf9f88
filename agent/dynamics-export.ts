import { elementAt } from "../sim/core/element.js";
import { InputError } from "../sim/core/errors.js";
import type { Task, TaskSpec } from "../sim/task.js";
import { Graph, type Tensor } from "./graph/graph.js";
import * as ops from "./graph/operations.js";
import { alignedArray, Session, tensor } from "./graph/session.js";
import { mlpColumns, wholeLayer } from "./model/column-layers.js";
import type { TaskDynamics } from "./model/dynamics.js";
import { StateSpec } from "./model/model-state.js";
import { type Layer, layerSizes, meanShape } from "./model/network.js";
import { inputOffset } from "./model/normalizer.js";
import { foldFeeds, foldGraph, layerNames, nextObservations } from "./rollout/rollout-graphs.js";

/** A matrix, row-major. */
interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly data: Float32Array;
}

/** Weights `[out, in]` and biases `[out, 1]`, with the normaliser folded in. */
interface FoldedLayer {
  readonly weight: Matrix;
  readonly bias: Matrix;
}

/**
 * One graph that predicts every task: states `x [N, S]` (see `StateSpec`), `u [N, U]` and `task` (int64, 0 … K - 1) → `xNext [N, X]`, computed
 * as the planner does. What differs between tasks is stacked, `[K, out, in]`, and gathered by the task's number; what
 * they share is there once. Running it with a number that is no task's fails.
 * @param dynamics of each task, K of them
 * @param history past changes that the model sees of each moving quantity
 * @throws InputError when the tasks do not have the same channels
 */
export async function dynamicsGraph(
  tasks: readonly Task[],
  dynamics: readonly TaskDynamics[],
  history = 0,
): Promise<Graph> {
  const { spec } = elementAt(tasks, 0, "tasks");
  checkChannels(tasks);
  const folded: FoldedLayer[][] = [];
  for (const d of dynamics) folded.push(await foldLayers(d));
  const g = new Graph();
  const states = new StateSpec(spec, history);
  const x = g.input("x", ["N", states.size]);
  const u = g.input("u", ["N", spec.action.length]);
  const task = g.input("task", [], "int64");
  const number = taskNumber(g, task, tasks.length);
  const { members, activation } = elementAt(dynamics, 0, "dynamics of tasks").shape;
  const layers = joinTasks(g, folded, number, members);
  const offset = joinOffsets(g, dynamics, number);
  const xColumns = ops.transpose(x, [1, 0]);
  const uColumns = ops.transpose(u, [1, 0]);
  const whole = layers.map(wholeLayer);
  const predict = (input: Tensor) => mlpColumns(whole, activation, input);
  const next = nextObservations(states, predict, xColumns, uColumns, offset);
  g.output("xNext", ops.transpose(next, [1, 0]));
  return g;
}

/** The number of a task as `Gather` takes it: a negative one counts from the end there, and must be refused instead. */
function taskNumber(g: Graph, task: Tensor, count: number): Tensor {
  const [negative] = g.apply("Less", [task, g.integers([0], [])], [{ shape: [], type: "bool" }]);
  return g.apply("Where", [negative, g.integers([count], []), task], [{ shape: [], type: "int64" }])[0];
}

function checkChannels(tasks: readonly Task[]): void {
  const describe = ({ observation, action, moving = [] }: TaskSpec) =>
    JSON.stringify([
      observation.map(({ name, angle, quaternion, absolute }) => [name, angle, quaternion, absolute]),
      action.map(({ name }) => name),
      moving,
    ]);
  const first = elementAt(tasks, 0, "tasks");
  const odd = tasks.find(({ spec }) => describe(spec) !== describe(first.spec));
  if (odd === undefined) return;
  throw new InputError({
    what: "The tasks do not have the same channels, so one model cannot predict them all",
    got: `${odd.name} unlike ${first.name}`,
    expected: "the same observation and action channels in every task",
    todo: "Give all tasks of the suite the same `spec`, or learn them in runs of their own",
  });
}

/** Layers of one task's mean, as the planner has them. */
async function foldLayers({ shape, weights, normalizer }: TaskDynamics): Promise<FoldedLayer[]> {
  const matrix = (rows: number, columns: number): Matrix => ({
    rows,
    columns,
    data: alignedArray(rows * columns),
  });
  const layers = layerSizes(meanShape(shape)).map(([size, out]) => ({
    weight: matrix(out, size),
    bias: matrix(out, 1),
  }));
  const results = layers.flatMap((layer, i) =>
    (["weight", "bias"] as const).map((part) => {
      const { rows, columns, data } = layer[part];
      return [layerNames(i)[part], tensor(data, [rows, columns])] as const;
    }),
  );
  const session = await Session.create(foldGraph(shape));
  try {
    await session.run(foldFeeds(weights, normalizer), Object.fromEntries(results));
  } finally {
    await session.release();
  }
  return layers;
}

/**
 * The layers of the task that is asked for. A progressive network is wider in every task: hidden layers are filled up
 * with the last task's, of which it is a part, and its output layer reads nothing of what it does not have. Of an ensemble this holds
 * for each member.
 */
function joinTasks(g: Graph, folded: readonly FoldedLayer[][], task: Tensor, members = 1): Layer[] {
  const widest = elementAt(folded, folded.length - 1, "tasks");
  return widest.map((largest, i) => {
    const output = i === widest.length - 1;
    const joined = (part: "weight" | "bias") => {
      const rest = output ? undefined : largest[part].data;
      const matrices = folded.map((layers) =>
        filled(elementAt(layers, i, "layers")[part], largest[part], rest, members),
      );
      // The output layer is gathered even when it is shared, so that a number that is no task's is always refused.
      return pick(g, matrices, task, !output);
    };
    return { weight: joined("weight"), bias: joined("bias") };
  });
}

/** The `inputOffset [I, 1]` of the task that is asked for; undefined when no task has one. */
function joinOffsets(g: Graph, dynamics: readonly TaskDynamics[], task: Tensor): Tensor | undefined {
  const offsets = dynamics.map(({ normalizer }) => inputOffset(normalizer));
  if (offsets.every((offset) => offset === undefined)) return undefined;
  const matrices = dynamics.map(({ normalizer: { inputMean } }, j) => {
    const data = offsets[j] ?? new Float32Array(inputMean.length);
    return { rows: data.length, columns: 1, data };
  });
  return pick(g, matrices, task, true);
}

/**
 * A matrix in a larger one, with what `rest` has there or zeros elsewhere. Rows and columns of which there are more consist of as many
 * equal parts as there are members; each part comes first in the larger part of its member.
 */
function filled(small: Matrix, large: Matrix, rest: Float32Array | undefined, members: number): Matrix {
  if (small.rows === large.rows && small.columns === large.columns) return small;
  const out = rest?.slice() ?? new Float32Array(large.rows * large.columns);
  const { rows, columns, data } = small;
  for (let r = 0; r < rows; r++) {
    const row = placeIn(r, rows, large.rows, members);
    for (let c = 0; c < columns; c++) {
      const column = placeIn(c, columns, large.columns, members);
      out[row * large.columns + column] = elementAt(data, r * columns + c, "weights");
    }
  }
  return { rows: large.rows, columns: large.columns, data: out };
}

/** Where one of `few` rows or columns lies among `many`; see `filled`. */
function placeIn(index: number, few: number, many: number, members: number): number {
  if (few === many) return index;
  const part = few / members;
  return Math.floor(index / part) * (many / members) + (index % part);
}

/** One of the matrices by number, `[rows, columns]`; when all are equal, that one alone is kept. */
function pick(g: Graph, matrices: readonly Matrix[], task: Tensor, shareable: boolean): Tensor {
  const { rows, columns, data: first } = elementAt(matrices, 0, "matrices");
  const equal = matrices.every(({ data }) => data.every((v, k) => v === first[k]));
  if (shareable && equal) return g.constant(first, [rows, columns]);
  const size = rows * columns;
  const stack = new Float32Array(matrices.length * size);
  matrices.forEach(({ data }, k) => {
    stack.set(data, k * size);
  });
  return ops.gather(g.constant(stack, [matrices.length, rows, columns]), task);
}
