import type { Pose, VisualBody } from "../task.js";
import {
  type EpisodeHeader,
  type EpisodePlan,
  type EpisodeSpec,
  type EpisodeStart,
  type EpisodeStep,
  type EpisodeTotals,
  fromMetadata,
} from "./episode.js";
import { readBytes, readingError } from "./file-bytes.js";
import { countFields } from "./foxglove.js";
import { checkLimit, NumberCount } from "./limits.js";
import { type ReadMcap, readMcap } from "./mcap.js";
import { PlanCodec } from "./plan-messages.js";
import { planNumbers, planShape } from "./plan-shape.js";
import { METADATA_NAME, SNAPSHOT_NAME, TOPICS } from "./recorder.js";
import { decodePoses, decodeScene } from "./scene-messages.js";
import { StepCodec } from "./step-messages.js";

/** What playback needs: nothing is simulated. */
export interface EpisodePlayback {
  /** B bodies; a capsule's shapes come back as a cylinder and two spheres. */
  readonly bodies: readonly VisualBody[];
  /** `[steps + 1, B, 7]`: world position (m) and quaternion (x, y, z, w), from the start on. */
  readonly poses: Float64Array;
  /** In the order of their steps; none unless the episode was recorded with its plans. */
  readonly plans: readonly EpisodePlan[];
}

/** A recorded episode, read whole. */
export interface Episode {
  readonly path: string;
  readonly header: EpisodeHeader;
  readonly spec: EpisodeSpec;
  readonly totals: EpisodeTotals;
  readonly initialSnapshot: Uint8Array;
  readonly start: EpisodeStart;
  readonly steps: readonly EpisodeStep[];
  /** Present when asked for. */
  readonly playback?: EpisodePlayback;
}

/**
 * Reads an episode and checks all of it: checksums, schemas, step numbers, totals.
 * @throws InputError when the file is not an episode, is truncated or damaged, or holds more than is read of one.
 */
export function readEpisode(path: string, options: EpisodeOptions = {}): Episode {
  return decodeEpisode(path, readBytes(path), options);
}

/** What to read of an episode besides its steps. */
export interface EpisodeOptions {
  /** Whether `playback` is wanted. */
  readonly poses?: boolean;
}

/**
 * The same from a file's bytes.
 * @param path for messages
 * @throws InputError as `readEpisode` does, and nothing else whatever the bytes are
 */
export function decodeEpisode(path: string, bytes: Uint8Array, options: EpisodeOptions = {}): Episode {
  try {
    const numbers = new NumberCount();
    const file = readMcap(path, bytes);
    const { spec, ...episode } = decode(path, file, numbers);
    const steps = episode.steps.length;
    const states = all(file, TOPICS.poses).length;
    if (states !== steps + 1) throw new Error(`poses of ${states} of ${steps + 1} states`);
    return options.poses === true
      ? { ...episode, spec, playback: decodePlayback(file, spec, steps, numbers) }
      : { ...episode, spec };
  } catch (cause) {
    throw readingError(path, cause, "an episode as hypercrl writes it");
  }
}

function decode(path: string, file: ReadMcap, numbers: NumberCount): Episode {
  const metadata = file.metadata.get(METADATA_NAME);
  const initialSnapshot = file.attachments.get(SNAPSHOT_NAME);
  if (metadata === undefined || initialSnapshot === undefined) {
    throw new Error(`no ${metadata === undefined ? METADATA_NAME : SNAPSHOT_NAME} record`);
  }
  const { header, spec, measures, totals } = fromMetadata(metadata);
  const codec = new StepCodec(spec, measures);
  const start = decodeStart(file, codec, spec);
  const steps = all(file, TOPICS.step).map((message, i) => {
    const step = codec.decodeStep(message, i + 1);
    numbers.add(numbersOf(step));
    return step;
  });
  checkTotals(steps, totals);
  return { path, header, spec, totals, initialSnapshot, start, steps };
}

/** The start, after which it is known what all steps come to. @throws Error, LimitExceeded when that is too much */
export function decodeStart(
  file: Pick<ReadMcap, "messages">,
  codec: StepCodec,
  { action }: EpisodeSpec,
): EpisodeStart {
  const start = codec.decodeStart(only(file, TOPICS.reset));
  checkLimit("numbers", all(file, TOPICS.step).length * (action.length + numbersOf(start)));
  return start;
}

/** What a measure takes, which is a property of an object, in numbers. */
const MEASURE = 16;

/** How many numbers a step or the start takes. */
export function numbersOf({
  action,
  observation,
  measures,
}: Pick<EpisodeStep, "observation" | "measures"> & Partial<Pick<EpisodeStep, "action">>): number {
  return (action?.length ?? 0) + observation.length + MEASURE * Object.keys(measures).length;
}

function checkTotals(steps: readonly EpisodeStep[], totals: EpisodeTotals): void {
  const last = steps.at(-1);
  if (steps.length !== totals.steps) throw new Error(`${steps.length} of ${totals.steps} steps`);
  if ((last?.returnSoFar ?? 0) !== totals.return) {
    throw new Error(`return ${last?.returnSoFar} after the last step, ${totals.return} in total`);
  }
  if ((last?.terminated ?? false) !== (totals.terminated ?? false)) {
    throw new Error(`a last step that ${last?.terminated ? "ends" : "does not end"} the episode by itself`);
  }
  const end = steps.findIndex(({ terminated, truncated }) => terminated || truncated);
  if (end !== -1 && end !== steps.length - 1) {
    throw new Error(`an end of the episode at step ${end + 1} of ${steps.length}`);
  }
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
  const shapes = decodeScene(only(file, TOPICS.scene));
  const fixed = decodePoses(only(file, TOPICS.fixedPoses));
  const moving = all(file, TOPICS.poses).slice(0, steps + 1);
  const [first] = moving;
  if (first === undefined || moving.length !== steps + 1) {
    throw new Error(`poses of ${moving.length} of ${steps + 1} states`);
  }
  const names = [...fixed.keys(), ...decodePoses(first).keys()];
  const entries = countFields(first);
  checkLimit("bodies", fixed.size + entries);
  const bodies = names.map((name) => ({
    name,
    fixed: fixed.has(name),
    shapes: shapes.get(name) ?? [],
  }));
  const size = names.length * POSE;
  numbers.add(moving.length * (fixed.size + entries) * POSE);
  const poses = new Float64Array(moving.length * size);
  for (const [i, message] of moving.entries()) {
    const found = countFields(message);
    if (found !== entries)
      throw new Error(`poses of ${found} bodies in state ${i}, of ${entries} at the start`);
    writePoses(poses.subarray(i * size, (i + 1) * size), names, fixed, decodePoses(message));
  }
  return { bodies, poses, plans: decodePlans(file, spec, steps, numbers) };
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
  const paths = all(file, TOPICS.plan);
  // A recording that is cut off may have the last plan's paths alone.
  const plans = all(file, TOPICS.prediction).map((prediction, i) => {
    const path = paths[i];
    if (path === undefined) throw new Error(`paths of ${i} plans and predictions of more`);
    return codec.decode(path, prediction, own);
  });
  const made = plans.filter(({ step }) => step <= steps);
  numbers.add(planNumbers(planShape(made, spec.observation.length)));
  return made;
}

/** Messages on a topic, in file order. */
export function all(file: Pick<ReadMcap, "messages">, topic: string): readonly Uint8Array[] {
  return file.messages.get(topic) ?? [];
}

/** @throws Error unless there is exactly one message on the topic */
function only(file: Pick<ReadMcap, "messages">, topic: string): Uint8Array {
  const messages = all(file, topic);
  const [message] = messages;
  if (message === undefined || messages.length > 1) {
    throw new Error(`${messages.length} messages on ${topic} instead of 1`);
  }
  return message;
}
