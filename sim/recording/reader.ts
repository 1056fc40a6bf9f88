import { HyperCrlError } from "../core/errors.js";
import { problemOf } from "../core/problem.js";
import type { VisualBody } from "../task.js";
import {
  type EpisodeHeader,
  type EpisodePlan,
  type EpisodeSpec,
  type EpisodeStart,
  type EpisodeStep,
  type EpisodeTotals,
  fromMetadata,
} from "./episode.js";
import { damaged } from "./file-bytes.js";
import { type ReadMcap, readMcap } from "./mcap.js";
import { PlanCodec } from "./plan-messages.js";
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
 * @throws InputError when the file is not an episode, is truncated or damaged.
 */
export function readEpisode(path: string, options: { readonly poses?: boolean } = {}): Episode {
  const file = readMcap(path);
  try {
    const episode = decode(path, file);
    const states = all(file, TOPICS.poses).length;
    if (states !== episode.steps.length + 1) {
      throw new Error(`poses of ${states} of ${episode.steps.length + 1} states`);
    }
    return options.poses === true
      ? { ...episode, playback: decodePlayback(file, episode.spec, episode.steps.length) }
      : episode;
  } catch (cause) {
    if (cause instanceof HyperCrlError) throw cause;
    throw damaged(path, problemOf(cause), "an episode as hypercrl writes it", cause);
  }
}

function decode(path: string, file: ReadMcap): Episode {
  const metadata = file.metadata.get(METADATA_NAME);
  const initialSnapshot = file.attachments.get(SNAPSHOT_NAME);
  if (metadata === undefined || initialSnapshot === undefined) {
    throw new Error(`no ${metadata === undefined ? METADATA_NAME : SNAPSHOT_NAME} record`);
  }
  const { header, spec, measures, totals } = fromMetadata(metadata);
  const codec = new StepCodec(spec, measures);
  const start = codec.decodeStart(only(file, TOPICS.reset));
  const steps = all(file, TOPICS.step).map((message, i) => codec.decodeStep(message, i + 1));
  checkTotals(steps, totals);
  return { path, header, spec, totals, initialSnapshot, start, steps };
}

function checkTotals(steps: readonly EpisodeStep[], totals: EpisodeTotals): void {
  const last = steps.at(-1);
  if (steps.length !== totals.steps) throw new Error(`${steps.length} of ${totals.steps} steps`);
  if ((last?.returnSoFar ?? 0) !== totals.return) {
    throw new Error(`return ${last?.returnSoFar} after the last step, ${totals.return} in total`);
  }
  const end = steps.findIndex((step) => step.truncated);
  if (end !== -1 && end !== steps.length - 1) {
    throw new Error(`an end of the episode at step ${end + 1} of ${steps.length}`);
  }
}

/** Bodies, the poses of the start and the first `steps` steps, and their plans. @throws Error when one is missing */
export function decodePlayback(
  file: Pick<ReadMcap, "messages">,
  spec: EpisodeSpec,
  steps: number,
): EpisodePlayback {
  const shapes = decodeScene(only(file, TOPICS.scene));
  const fixed = decodePoses(only(file, TOPICS.fixedPoses));
  const moving = all(file, TOPICS.poses)
    .slice(0, steps + 1)
    .map(decodePoses);
  if (moving.length !== steps + 1) throw new Error(`poses of ${moving.length} of ${steps + 1} states`);
  const body = (name: string): VisualBody => ({
    name,
    fixed: fixed.has(name),
    shapes: shapes.get(name) ?? [],
  });
  const bodies = [...fixed.keys(), ...moving[0]!.keys()].map(body);
  const poses = new Float64Array((steps + 1) * bodies.length * 7);
  let at = 0;
  for (const state of moving) {
    for (const { name } of bodies) {
      const pose = fixed.get(name) ?? state.get(name);
      if (pose === undefined) throw new Error(`no pose of ${name}`);
      poses.set([...pose.position, ...pose.rotation], at);
      at += 7;
    }
  }
  return { bodies, poses, plans: decodePlans(file, spec, steps) };
}

function decodePlans(file: Pick<ReadMcap, "messages">, spec: EpisodeSpec, steps: number): EpisodePlan[] {
  const codec = new PlanCodec(spec);
  const paths = all(file, TOPICS.plan);
  // A recording that is cut off may have the last plan's paths alone.
  return all(file, TOPICS.prediction)
    .map((prediction, i) => codec.decode(paths[i]!, prediction))
    .filter(({ step }) => step <= steps);
}

/** Messages on a topic, in file order. */
export function all(file: Pick<ReadMcap, "messages">, topic: string): readonly Uint8Array[] {
  return file.messages.get(topic) ?? [];
}

/** @throws Error unless there is exactly one message on the topic */
export function only(file: Pick<ReadMcap, "messages">, topic: string): Uint8Array {
  const messages = all(file, topic);
  const [message] = messages;
  if (message === undefined || messages.length > 1) {
    throw new Error(`${messages.length} messages on ${topic} instead of 1`);
  }
  return message;
}
