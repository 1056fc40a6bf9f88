import { expect, it } from "vitest";
import { Agent } from "../../../agent/agent.js";
import { dynamicsGraph } from "../../../agent/dynamics-export.js";
import { encodeModel } from "../../../agent/graph/encode.js";
import type { TaskDynamics } from "../../../agent/model/dynamics.js";
import { StateSpec } from "../../../agent/model/model-state.js";
import {
  compareModels,
  ExportedModel,
  LARGEST_DIFFERENCE,
  randomInputs,
} from "../../../scripts/runs/export-check.js";
import { Rng } from "../../../sim/core/rng.js";
import type { Task } from "../../../sim/task.js";
import {
  linearSystem,
  METHOD_NAMES,
  normals,
  partsFor,
  pointTask,
  tinySettings,
  withMoving,
} from "../../agent/fixtures.js";

const TASKS = 3;

/** Dynamics of three tasks after learning them one after another. */
async function learned(
  method: string,
  history = 0,
  members = 1,
): Promise<{ tasks: Task[]; states: StateSpec; dynamics: TaskDynamics[] }> {
  const marked = withMoving(pointTask, "x", "y");
  const tasks = Array.from({ length: TASKS }, (_, j): Task => ({ ...marked, name: `point${j}` }));
  const states = new StateSpec(marked.spec, history);
  const tiny = tinySettings([`method=${method}`, "dynamics.hidden=[12,10]"]);
  const settings = { ...tiny, dynamics: { ...tiny.dynamics, history, members } };
  const rng = Rng.fromSeed(8);
  const agent = new Agent(tasks, settings, partsFor(settings), rng.split("agent"), {
    threads: 1,
    kernel: false,
  });
  for (const j of tasks.keys()) {
    await agent.beginVisit(j);
    for (let k = 0; k < 64; k++) {
      const [s, u] = [normals(rng, states.size), normals(rng, 2)];
      agent.remember(s, u, linearSystem(j)(s, u));
    }
    await agent.adopt(agent.startTraining());
    await agent.endVisit();
  }
  const dynamics: TaskDynamics[] = [];
  for (const j of tasks.keys()) dynamics.push(await agent.dynamicsOf(j));
  await agent.release();
  return { tasks, states, dynamics };
}

it.each([
  ...METHOD_NAMES.map((method) => [method, 0, 1] as const),
  ["hypercrl", 2, 1] as const,
  ...["hypercrl", "pnn", "multitask"].map((method) => [method, 0, 3] as const),
])(
  "what %s learned predicts the same in the file and in the planner, task by task, with changes of %i steps and %i members",
  async (method, history, members) => {
    const { tasks, states, dynamics } = await learned(method, history, members);
    const graph = await dynamicsGraph(tasks, dynamics, history);
    const exported = await ExportedModel.load(encodeModel(graph));
    const rng = Rng.fromSeed(9);
    for (const [j, task] of tasks.entries()) {
      const inputs = randomInputs(states.spec, dynamics[j]!.normalizer, 20, rng);
      const compare = (k: number) => compareModels(exported, k, { task, history }, dynamics[j]!, inputs);
      expect(await compare(j)).toBeLessThanOrEqual(LARGEST_DIFFERENCE);
      const ofOther = expect(await compare((j + 1) % TASKS));
      // ftl has one model for all tasks.
      if (method === "ftl") ofOther.toBeLessThanOrEqual(LARGEST_DIFFERENCE);
      else ofOther.toBeGreaterThan(100 * LARGEST_DIFFERENCE);
      const one = inputs.slice(0, 1);
      expect(await compareModels(exported, j, { task, history }, dynamics[j]!, one)).toBeLessThanOrEqual(
        LARGEST_DIFFERENCE,
      );
    }
    await exported.release();
  },
);

it("a prediction that is not finite is a difference", async () => {
  const { tasks, dynamics } = await learned("single");
  const broken = { ...dynamics[1]!, weights: dynamics[1]!.weights.map(() => Number.NaN) };
  const exported = await ExportedModel.load(
    encodeModel(await dynamicsGraph(tasks, dynamics.with(1, broken))),
  );
  const inputs = randomInputs(pointTask.spec, dynamics[1]!.normalizer, 5, Rng.fromSeed(1));
  expect(await compareModels(exported, 1, { task: tasks[1]!, history: 0 }, dynamics[1]!, inputs)).toBeNaN();
  await exported.release();
});

it("the largest difference is the largest, wherever it stands, and not finite if one is not", async () => {
  const { tasks, dynamics } = await learned("single");
  const exported = await ExportedModel.load(encodeModel(await dynamicsGraph(tasks, dynamics)));
  const inputs = randomInputs(pointTask.spec, dynamics[0]!.normalizer, 4, Rng.fromSeed(1));
  const changed = (difference: number): ExportedModel =>
    new Proxy(exported, {
      get: (target, key) => {
        if (key !== "predict") return Reflect.get(target, key);
        return async (index: number, given: typeof inputs, X: number) => {
          const predicted = (await target.predict(index, given, X)).slice();
          // Of the first input and the first channel: later ones are as they should be.
          predicted[0]! += difference;
          return predicted;
        };
      },
    });
  expect(
    await compareModels(changed(1000), 0, { task: tasks[0]!, history: 0 }, dynamics[0]!, inputs),
  ).toBeGreaterThan(1);
  expect(
    await compareModels(changed(Number.NaN), 0, { task: tasks[0]!, history: 0 }, dynamics[0]!, inputs),
  ).toBeNaN();
  await exported.release();
});

it("random inputs have unit quaternions, spread like the data, and actions within bounds", () => {
  const observation = [
    { name: "far", unit: "m" },
    ...["x", "y", "z", "w"].map((name) => ({ name, unit: "1", quaternion: true })),
    { name: "turn", unit: "rad", angle: true },
    { name: "near", unit: "m" },
  ];
  const spec = { ...pointTask.spec, observation };
  // Features: far, four of the quaternion, cosine and sine, near, two actions.
  const inputMean = Float32Array.of(100, 0, 0, 0, 0, 0, 0, -5, 0, 0);
  const inputScale = new Float32Array(10).fill(1).with(0, 0.1).with(7, 100);
  for (const { x, u } of randomInputs(spec, { inputMean, inputScale }, 50, Rng.fromSeed(2))) {
    expect(Math.hypot(...x.subarray(1, 5))).toBeCloseTo(1, 6);
    expect(Math.abs(x[0]! - 100)).toBeLessThan(60);
    expect(Math.abs(x[5]!)).toBeLessThanOrEqual(Math.PI);
    expect(Math.abs(x[6]! + 5)).toBeLessThan(0.06);
    expect(u.every((v) => Math.abs(v) <= 1)).toBe(true);
  }
});
