import { foreign } from "../core/foreign.js";
import type { XYZ } from "../core/math/vector.js";
import { colorAt } from "../core/palette.js";
import type { Point, Scene, Task } from "../task.js";
import { countFields, sceneUpdate } from "./foxglove.js";
import { checkLimit, type NumberCount } from "./limits.js";
import { flatPoints, LINE_OVERHEAD, lineEntity, lineStrip, predictedRows } from "./plan-messages.js";
import { timestamp } from "./scene-messages.js";

/** Tasks whose predictions are recorded of one step, at most: the most probable ones. More lines could not be told apart. */
export const TASKS_DRAWN = 8;

/** Where a plan leads by the model of one of the tasks that come into question. */
export interface TaskForecast {
  /** Name of the task. */
  readonly task: string;
  /** Place of the task among those that it may be, from 0, which gives its colour. */
  readonly index: number;
  /** Observations after each step of the sequence whose first action is executed, `[H, X]`. */
  readonly chosen: Float32Array;
}

/** The way of a landmark along the chosen sequence by the model of one task. */
export interface TaskPath {
  readonly task: string;
  readonly landmark: string;
  /** From the present on, up to H + 1 positions (m), `[n, 3]`. */
  readonly points: Float32Array;
}

/** Type of a `foxglove.SceneEntityDeletion` that takes away everything that was drawn on the topic before. */
const DELETE_ALL = 1;
/** Of a line, pixels. */
const WIDTH = 3;

/**
 * Paths of a task's landmarks from the present observation `[X]` by the models of other tasks; of a task without landmarks none. A
 * model predicts observations, and where the landmarks of this scene then are is drawn.
 * @param task that is played
 * @param scene in its present state
 */
export function taskPaths(
  task: Task,
  scene: Scene,
  present: Float32Array,
  forecasts: readonly TaskForecast[],
): TaskPath[] {
  const { landmarks } = task;
  if (landmarks === undefined) return [];
  return forecasts.flatMap(({ task: name, chosen }) => {
    const rows = landmarks.locate([present, ...predictedRows(chosen, task)], scene);
    return landmarks.names.map((landmark, t) => ({
      task: name,
      landmark,
      points: Float32Array.from(rows.flatMap((points): Point => points[t]!)),
    }));
  });
}

/**
 * The message `/task_plans`, a `foxglove.SceneUpdate` with one entity per task and landmark in the task's colour. It has none where one
 * task is planned for alone.
 * @param indices of the tasks among those that it may be, by their names
 * @param time simulated time, ns
 */
export function encodeTaskPlans(
  paths: readonly TaskPath[],
  indices: ReadonlyMap<string, number>,
  time: bigint,
): Uint8Array {
  const stamp = timestamp(time);
  const entities = paths.map(({ task, landmark, points }) => ({
    ...lineEntity(`task/${task}/${landmark}`, stamp, [
      lineStrip(points, WIDTH, rgba(colorAt(indices.get(task)!))),
    ]),
    metadata: [
      { key: "task", value: task },
      { key: "landmark", value: landmark },
    ],
  }));
  const deletions = [{ timestamp: stamp, type: DELETE_ALL, id: "" }];
  return sceneUpdate.type.encode({ deletions, entities }).finish();
}

/** @throws Error on malformed messages, LimitExceeded on too long ones */
export function decodeTaskPlans(message: Uint8Array, numbers: NumberCount): TaskPath[] {
  checkLimit("bodies", countFields(message));
  const { entities } = foreign<{
    entities: { metadata: { key: string; value: string }[]; lines: { points: XYZ[] }[] }[];
  }>(sceneUpdate.type.decode(message));
  return entities.map(({ metadata, lines }) => {
    const labelled = (name: string) => {
      const value = metadata.find(({ key }) => key === name)?.value;
      if (value === undefined) throw new Error(`a predicted path that names no ${name}`);
      checkLimit("nameLength", value.length);
      return value;
    };
    const points = lines[0]?.points ?? [];
    numbers.add(LINE_OVERHEAD + 3 * points.length);
    return { task: labelled("task"), landmark: labelled("landmark"), points: flatPoints(points) };
  });
}

/** How large the predicted paths of an episode are together when each step's are padded to the longest. */
export interface TaskPlanShape {
  /** Steps. */
  readonly steps: number;
  /** Paths of the step with the most, L. */
  readonly lines: number;
  /** Points of the longest, n. */
  readonly points: number;
}

/** The size of the predicted paths of an episode. @param plans of each step */
export function taskPlanShape(plans: readonly (readonly TaskPath[])[]): TaskPlanShape {
  let [lines, points] = [0, 0];
  for (const paths of plans) {
    lines = Math.max(lines, paths.length);
    for (const path of paths) points = Math.max(points, path.points.length / 3);
  }
  return { steps: plans.length, lines, points };
}

/** Numbers of the paths, `[S, L, n, 3]`. */
export function taskPlanNumbers({ steps, lines, points }: TaskPlanShape): number {
  return steps * lines * points * 3;
}

/** A colour such as `#3b82c4`, as `foxglove.Color`. */
function rgba(color: string) {
  const [r, g, b] = [1, 3, 5].map((at) => Number.parseInt(color.slice(at, at + 2), 16) / 255);
  return { r, g, b, a: 1 };
}
