import type {
  CostFunction,
  CostGradientFunction,
  Planner,
  PlannerState,
  PlanningProblem,
} from "../../planners/types.js";
import { take } from "../take.js";

/** Square or rectangular matrix as rows. */
type Matrix = readonly (readonly number[])[];

const multiply = (a: Matrix, b: Matrix): number[][] =>
  a.map((row) => b[0]!.map((_, j) => row.reduce((s, v, k) => s + v * b[k]![j]!, 0)));
const transpose = (a: Matrix): number[][] => a[0]!.map((_, j) => a.map((row) => row[j]!));
const combine = (a: Matrix, b: Matrix, factor: number): number[][] =>
  a.map((row, i) => row.map((v, j) => v + factor * b[i]![j]!));
const inverse2 = (m: Matrix): number[][] => {
  const [[a, b], [c, d]] = [take(2, m[0]!), take(2, m[1]!)];
  const det = a * d - b * c;
  return [
    [d / det, -b / det],
    [-c / det, a / det],
  ];
};

// A point mass in the plane, x = (px, py, vx, vy), whose two forces are coupled: dt = 0.2 s.
const dt = 0.2;
const A: Matrix = [
  [1, 0, dt, 0],
  [0, 1, 0, dt],
  [0, 0, 1, 0],
  [0, 0, 0, 1],
];
const B: Matrix = [
  [0, 0],
  [0, 0],
  [dt, 0.3 * dt],
  [0, dt],
];
const Q: Matrix = [
  [1, 0, 0, 0],
  [0, 2, 0, 0],
  [0, 0, 0.1, 0],
  [0, 0, 0, 0.1],
];
const R: Matrix = [
  [0.5, 0],
  [0, 0.3],
];

/**
 * Iterates the Riccati recursion to its fixed point. With that P as the terminal cost, the optimal cost is
 * x'Px for every horizon, and the optimal control is -Kx at every step.
 */
function riccati(): { P: Matrix; K: Matrix } {
  let P = Q;
  let K: Matrix = [];
  for (let i = 0; i < 2000; i++) {
    const BP = multiply(transpose(B), P);
    K = multiply(inverse2(combine(R, multiply(BP, B), 1)), multiply(BP, A));
    P = combine(Q, multiply(transpose(A), multiply(P, combine(A, multiply(B, K), -1))), 1);
  }
  return { P, K };
}

const { P, K } = riccati();
const apply = (m: Matrix, x: readonly number[]) => m.map((row) => row.reduce((s, v, i) => s + v * x[i]!, 0));
const quadratic = (m: Matrix, x: readonly number[]) => apply(m, x).reduce((s, v, i) => s + v * x[i]!, 0);

/** Linear dynamics and quadratic cost, with the closed-form optimum. */
export const lqr = {
  problem: { horizon: 12, low: [-10, -10], high: [10, 10] } satisfies PlanningProblem,
  start: [1, -0.8, 0, 0.5] as readonly number[],
  step: (x: readonly number[], u: readonly number[]) => {
    const next = apply(A, x);
    return apply(B, u).map((v, i) => v + next[i]!);
  },
  stageCost: (x: readonly number[], u: readonly number[]) => quadratic(Q, x) + quadratic(R, u),
  /** x'Px, the optimal cost to go. */
  optimalCost: (x: readonly number[]) => quadratic(P, x),
  /** -Kx, the optimal action. */
  optimalAction: (x: readonly number[]) => apply(K, x).map((v) => -v),
  /** Cost of action sequences from `x` through the true dynamics. */
  cost:
    (x: readonly number[]): CostFunction =>
    async (actions, samples) =>
      Float32Array.from({ length: samples }, (_, n) => {
        let state = x;
        let total = 0;
        for (let h = 0; h < lqr.problem.horizon; h++) {
          const at = (h * samples + n) * 2;
          const u = [actions[at]!, actions[at + 1]!];
          total += lqr.stageCost(state, u);
          state = lqr.step(state, u);
        }
        return total + lqr.optimalCost(state);
      }),
  /** The same with derivatives, by the costate p_h = 2 Q x_h + A' p_{h+1}, p_H = 2 P x_H; d/du_h = 2 R u_h + B' p_{h+1}. */
  gradient:
    (x: readonly number[]): CostGradientFunction =>
    async (actions, samples) => {
      const gradient = new Float32Array(actions.length);
      for (let n = 0; n < samples; n++) {
        const inputs = Array.from({ length: lqr.problem.horizon }, (_, h) => {
          const at = (h * samples + n) * 2;
          return [actions[at]!, actions[at + 1]!];
        });
        const states = [x];
        for (const u of inputs) states.push(lqr.step(states[states.length - 1]!, u));
        let costate = apply(P, states[states.length - 1]!).map((v) => 2 * v);
        for (let h = lqr.problem.horizon - 1; h >= 0; h--) {
          const direct = apply(R, inputs[h]!);
          const through = apply(transpose(B), costate);
          gradient.set(
            direct.map((v, u) => 2 * v + through[u]!),
            (h * samples + n) * 2,
          );
          const here = apply(Q, states[h]!);
          costate = apply(transpose(A), costate).map((v, i) => v + 2 * here[i]!);
        }
      }
      return { costs: await lqr.cost(x)(actions, samples), gradient };
    },
};

/**
 * Any cost function with derivatives by central differences.
 * @param width U
 */
export function differences(cost: CostFunction, width: number, step = 1e-2): CostGradientFunction {
  return async (actions, samples) => {
    const gradient = new Float32Array(actions.length);
    for (let entry = 0; entry < actions.length / samples; entry++) {
      const [h, u] = [Math.floor(entry / width), entry % width];
      const places = Array.from({ length: samples }, (_, n) => (h * samples + n) * width + u);
      const shifted = async (by: number) => {
        const copy = actions.slice();
        for (const at of places) copy[at]! += by;
        return (await cost(copy, samples)).slice();
      };
      const [above, below] = [await shifted(step), await shifted(-step)];
      for (const [n, at] of places.entries()) gradient[at] = (above[n]! - below[n]!) / (2 * step);
    }
    return { costs: await cost(actions, samples), gradient };
  };
}

/**
 * A gripper of the push task's scale behind a wall of saturated reward: position += 0.05·u m, cost
 * Σ tanh(10 d) to a goal 0.7 m away. Only sustained motion is rewarded at all.
 */
export const reach = {
  problem: { horizon: 15, low: [-1, -1], high: [1, 1] } satisfies PlanningProblem,
  start: [0, 0] as readonly number[],
  step: (x: readonly number[], u: ArrayLike<number>) => x.map((v, i) => v + 0.05 * u[i]!),
  stageCost: (x: readonly number[]) => Math.tanh(10 * Math.hypot(x[0]! - 0.5, x[1]! - 0.5)),
  cost:
    (start: readonly number[]): CostFunction =>
    async (actions, samples) =>
      Float32Array.from({ length: samples }, (_, n) => {
        let state = start;
        let total = 0;
        for (let h = 0; h < reach.problem.horizon; h++) {
          const at = (h * samples + n) * 2;
          state = reach.step(state, [actions[at]!, actions[at + 1]!]);
          total += reach.stageCost(state);
        }
        return total;
      }),
};

/** Cost of `steps` executed actions and the optimal cost to go afterwards: x'Px at best. */
export async function executeLqr(planner: Planner, steps: number): Promise<number> {
  let x = lqr.start;
  let total = 0;
  for (let t = 0; t < steps; t++) {
    const u = [...(await planner.plan(lqr.cost(x), lqr.gradient(x)))];
    total += lqr.stageCost(x, u);
    x = lqr.step(x, u);
  }
  return total + lqr.optimalCost(x);
}

/** Cost of `steps` executed actions. */
export async function executeReach(planner: Planner, steps: number): Promise<number> {
  let x = reach.start;
  let total = 0;
  for (let t = 0; t < steps; t++) {
    x = reach.step(x, await planner.plan(reach.cost(x), differences(reach.cost(x), 2)));
    total += reach.stageCost(x);
  }
  return total;
}

/** Records the batches a planner evaluates: the actions `[H, N, U]` and N of each. */
export function recording(cost: CostFunction) {
  const batches: { actions: Float32Array; samples: number }[] = [];
  const recorded: CostFunction = (actions, samples) => {
    batches.push({ actions: actions.slice(), samples });
    return cost(actions, samples);
  };
  return { batches, cost: recorded };
}

/** A copy through JSON, as a checkpoint makes it. */
export function throughJson(state: PlannerState): PlannerState {
  const arrays = Object.fromEntries(Object.entries(state.arrays).map(([k, v]) => [k, [...v]]));
  const copy = JSON.parse(JSON.stringify({ rng: state.rng, arrays }));
  for (const name of Object.keys(copy.arrays)) copy.arrays[name] = Float32Array.from(copy.arrays[name]);
  return copy;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2;
}
