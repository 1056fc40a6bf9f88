import type { Pose, VisualBody, VisualShape } from "../task.js";
import { decodeBeliefs, type EpisodeBeliefs } from "./belief-messages.js";
import type { EpisodePlan, EpisodeSpec } from "./episode.js";
import { countFields } from "./foxglove.js";
import { checkLimit, NumberCount } from "./limits.js";
import type { ReadMcap } from "./mcap.js";
import { PlanCodec } from "./plan-messages.js";
import { planNumbers, planShape } from "./plan-shape.js";
import { TOPICS } from "./recorder.js";
import { decodePoses, decodeScene } from "./scene-messages.js";
import { decodeTaskPlans, type TaskPath, taskPlanNumbers, taskPlanShape } from "./task-plan-messages.js";
import { messagesOn, onlyMessageOn } from "./topic-messages.js";

/** What playback needs: nothing is simulated. */
export interface EpisodePlayback {
  /** B bodies as they look at the start; a capsule's shapes come back as a cylinder and two spheres. */
  readonly bodies: readonly VisualBody[];
  /** How the bodies look after each change of the task within the episode, in their order, `[changes][B]`. */
  readonly bodiesAfter: readonly (readonly VisualBody[])[];
  /** `[steps + 1, B, 7]`: world position (m) and quaternion (x, y, z, w), from the start on. */
  readonly poses: Float64Array;
  /** In the order of their steps; none unless the episode was recorded with its plans. */
  readonly plans: readonly EpisodePlan[];
  /** Undefined unless the task was not announced. */
  readonly beliefs: EpisodeBeliefs | undefined;
  /**
   * Where the plan of each step leads by the models of the tasks that come into question, the first step first; no paths where one was
   * planned for alone, and no entries of recordings without.
   */
  readonly taskPlans: readonly (readonly TaskPath[])[];
}

/** Numbers of a pose: position and quaternion. */
export const POSE = 7;

/**
 * Bodies, the poses of the start and the first `steps` steps, and their plans.
 * @throws Error when one is missing, LimitExceeded when they are too many
 */
export function decodePlayback(
  file: Pick<ReadMcap, "messages">,
  spec: EpisodeSpec,
  steps: number,
  numbers: NumberCount,
): EpisodePlayback {
  const [scene, ...scenesAfter] = decodeScenes(messagesOn(file, TOPICS.scene), numbers);
  if (scene === undefined) throw new Error(`no message on ${TOPICS.scene}`);
  const fixed = decodePoses(onlyMessageOn(file, TOPICS.fixedPoses));
  const moving = messagesOn(file, TOPICS.poses).slice(0, steps + 1);
  const [first] = moving;
  if (first === undefined || moving.length !== steps + 1) {
    throw new Error(`poses of ${moving.length} of ${steps + 1} states`);
  }
  const names = [...fixed.keys(), ...decodePoses(first).keys()];
  const entries = countFields(first);
  checkLimit("bodies", fixed.size + entries);
  const bodiesIn = (shapes: typeof scene) =>
    names.map((name) => ({ name, fixed: fixed.has(name), shapes: shapes.get(name) ?? [] }));
  const size = names.length * POSE;
  numbers.add(moving.length * (fixed.size + entries) * POSE);
  const poses = new Float64Array(moving.length * size);
  for (const [i, message] of moving.entries()) {
    const found = countFields(message);
    if (found !== entries)
      throw new Error(`poses of ${found} bodies in state ${i}, of ${entries} at the start`);
    writePoses(poses.subarray(i * size, (i + 1) * size), names, fixed, decodePoses(message));
  }
  return {
    bodies: bodiesIn(scene),
    bodiesAfter: scenesAfter.map(bodiesIn),
    poses,
    plans: decodePlans(file, spec, steps, numbers),
    beliefs: decodeBeliefs(messagesOn(file, TOPICS.belief).slice(0, steps), numbers),
    taskPlans: decodeAllTaskPlans(file, steps, numbers),
  };
}

/** What a shape takes, which is objects within an object, in numbers. */
const SHAPE = 64;

/** Shapes by body, of the start and after each change of the task. @throws Error, LimitExceeded */
function decodeScenes(messages: readonly Uint8Array[], numbers: NumberCount): Map<string, VisualShape[]>[] {
  return messages.map((message, i) => {
    const shapes = decodeScene(message);
    // Those of the start have a limit of their own.
    if (i > 0) for (const own of shapes.values()) numbers.add(SHAPE * own.length);
    return shapes;
  });
}

/** @param out `[B, 7]` */
function writePoses(
  out: Float64Array,
  names: readonly string[],
  fixed: ReadonlyMap<string, Pose>,
  moving: ReadonlyMap<string, Pose>,
): void {
  for (const [i, name] of names.entries()) {
    const pose = fixed.get(name) ?? moving.get(name);
    if (pose === undefined) throw new Error(`no pose of ${name}`);
    out.set(pose.position, i * POSE);
    out.set(pose.rotation, i * POSE + 3);
  }
}

function decodePlans(
  file: Pick<ReadMcap, "messages">,
  spec: EpisodeSpec,
  steps: number,
  numbers: NumberCount,
): EpisodePlan[] {
  const codec = new PlanCodec(spec);
  // Counted apart while they are read: `numbers` takes them as a page gets them, padded to the longest.
  const own = new NumberCount();
  const paths = messagesOn(file, TOPICS.plan);
  // A recording that is cut off may have the last plan's paths alone.
  const plans = messagesOn(file, TOPICS.prediction).map((prediction, i) => {
    const path = paths[i];
    if (path === undefined) throw new Error(`paths of ${i} plans and predictions of more`);
    return codec.decode(path, prediction, own);
  });
  const made = plans.filter(({ step }) => step <= steps);
  numbers.add(planNumbers(planShape(made, spec.observation.length)));
  return made;
}

function decodeAllTaskPlans(
  file: Pick<ReadMcap, "messages">,
  steps: number,
  numbers: NumberCount,
): TaskPath[][] {
  const own = new NumberCount();
  const messages = messagesOn(file, TOPICS.taskPlans).slice(0, steps);
  const plans = messages.map((message) => decodeTaskPlans(message, own));
  numbers.add(taskPlanNumbers(taskPlanShape(plans)));
  return plans;
}
