import { Graph, type Tensor } from "../graph/graph.js";
import { loop } from "../graph/loop.js";
import * as ops from "../graph/operations.js";
import {
  ADAM_SCALARS,
  type AdamScalars,
  type AdamState,
  adamScalars,
  adamUpdate,
  clipScale,
  flatState,
  type StepSizes,
  stateOf,
} from "../model/adam.js";
import type { MlpShape } from "../model/network.js";
import type { ParameterGroup } from "../model/parameters.js";
import { iterationCount, type Minibatch, minibatchInputs, normalizedMinibatch } from "./minibatches.js";

/** Parameters that are clipped together and share a learning rate. */
export interface TrainedGroup {
  /** Their Adam scalars are the input `adam.NAME`. */
  readonly name: string;
  readonly parameters: ParameterGroup;
  readonly stepSizes: StepSizes;
}

/** A trained group before the step of a minibatch. */
export interface GroupTensors extends AdamState {
  /** Adam's for this minibatch. */
  readonly scalars: AdamScalars;
}

/** What an objective makes of one minibatch. */
interface Step<G extends readonly TrainedGroup[]> {
  /** Loss of the current task, `[]`. */
  readonly taskLoss: Tensor;
  /** What the method adds to it, `[]`; nothing by default. */
  readonly added?: Tensor;
  /** For each group: the direction of its step, one gradient for each parameter. */
  readonly gradients: readonly (readonly Tensor[])[];
  /** The carried states after the step that led to `next`, the values of each group. */
  readonly carry?: (next: { readonly [K in keyof G]: readonly Tensor[] }) => readonly Tensor[];
}

/** The tensors of each group of the tuple or list G. */
type GroupTensorsOf<G extends readonly TrainedGroup[]> = { readonly [K in keyof G]: GroupTensors };

/** What tells one method's training graph from another's. @typeParam G the groups that it trains, by default one */
export interface Objective<G extends readonly TrainedGroup[] = readonly [TrainedGroup]> {
  /** Inputs that are states: a minibatch sees what the one before left in them. They become outputs `next.NAME`. */
  readonly carried?: readonly Tensor[];
  step(minibatch: Minibatch, groups: GroupTensorsOf<G>, carried: readonly Tensor[]): Step<G>;
}

export interface TrainingGraphOptions {
  /** The network that the data are for. */
  readonly dynamics: MlpShape;
  readonly batchSize: number;
  /** Largest gradient norm of each group. */
  readonly clipNorm: number;
}

/**
 * One call = many minibatches, as an ONNX `Loop`. Each: the objective's losses and gradients, the gradients of every
 * group clipped to a common norm, a step of Adam.
 * @param declare makes the objective and declares what inputs it needs
 */
export function trainingGraph<const G extends readonly TrainedGroup[]>(
  options: TrainingGraphOptions,
  groups: G,
  declare: (g: Graph) => Objective<G>,
): Graph;
export function trainingGraph(
  { dynamics, batchSize, clipNorm }: TrainingGraphOptions,
  groups: readonly TrainedGroup[],
  declare: (g: Graph) => Objective<readonly TrainedGroup[]>,
): Graph {
  const g = new Graph();
  const data = minibatchInputs(g, dynamics, batchSize);
  const schedules = groups.map(({ name }) => g.input(`adam.${name}`, ["iterations", ADAM_SCALARS]));
  const objective = declare(g);
  const initial = groups.flatMap(({ parameters }) => parameters.declare(g, true));
  const { carried = [] } = objective;
  const result = loop(g, iterationCount(g, data), [...initial, ...carried], (body, iteration, states) => {
    const minibatch = normalizedMinibatch(data, iteration);
    const before = cutStates(groups, states).map((state, k) => ({
      ...state,
      scalars: adamScalars(schedules[k]!, iteration),
    }));
    const step = objective.step(minibatch, before, states.slice(initial.length));
    const after = before.map((group, k) => {
      const gradients = step.gradients[k]!;
      return adamUpdate(group, gradients, clipScale(gradients, clipNorm), group.scalars);
    });
    const carry = step.carry?.(after.map(({ values }) => values)) ?? [];
    return {
      next: [...after.flatMap(flatState), ...carry],
      collect: [step.taskLoss, ops.add(step.added ?? body.constant(0), 0)],
    };
  });
  cutStates(groups, result.states).forEach((state, k) => {
    groups[k]!.parameters.outputState(g, state);
  });
  carried.forEach(({ name }, i) => {
    g.output(`next.${name}`, result.states[initial.length + i]!);
  });
  const [taskLosses, added] = result.collected as [Tensor, Tensor];
  g.output("losses.task", taskLosses);
  g.output("losses.added", added);
  return g;
}

/** The states of each group, which come one after another. */
function cutStates(groups: readonly TrainedGroup[], states: readonly Tensor[]): AdamState[] {
  let start = 0;
  return groups.map(({ parameters }) => {
    const end = start + 3 * parameters.specs.length;
    const state = stateOf(states.slice(start, end));
    start = end;
    return state;
  });
}
