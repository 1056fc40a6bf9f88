import type { EpisodeHeader, EpisodeSpec, EpisodeStart, EpisodeStep, EpisodeTotals } from "./episode.js";
import { readBytes, readingError } from "./file-bytes.js";
import { checkLimit, NumberCount } from "./limits.js";
import { type ReadMcap, readMcap } from "./mcap.js";
import { fromMetadata } from "./metadata.js";
import { decodePlayback, type EpisodePlayback } from "./playback.js";
import { METADATA_NAME, SNAPSHOT_NAME, TOPICS } from "./recorder.js";
import { StepCodec } from "./step-messages.js";
import { messagesOn, onlyMessageOn } from "./topic-messages.js";

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
    const states = messagesOn(file, TOPICS.poses).length;
    if (states !== steps + 1) throw new Error(`poses of ${states} of ${steps + 1} states`);
    checkSwitches(episode.header, steps, messagesOn(file, TOPICS.scene).length);
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
  const steps = messagesOn(file, TOPICS.step).map((message, i) => {
    const step = codec.decodeStep(message, i + 1);
    numbers.add(numbersOf(step));
    return step;
  });
  checkTotals(steps, totals);
  return { path, header, spec, totals, initialSnapshot, start, steps };
}

/** @param scenes messages that say how the bodies look: one at the start, and one after every change of the task */
function checkSwitches({ switches = [] }: EpisodeHeader, steps: number, scenes: number): void {
  if (scenes !== switches.length + 1) {
    throw new Error(`${scenes} messages on ${TOPICS.scene} instead of ${switches.length + 1}`);
  }
  const late = switches.find((change) => change.steps >= steps);
  if (late !== undefined) throw new Error(`a change of the task after ${late.steps} of ${steps} steps`);
}

/** The start, after which it is known what all steps come to. @throws Error, LimitExceeded when that is too much */
export function decodeStart(
  file: Pick<ReadMcap, "messages">,
  codec: StepCodec,
  { action }: EpisodeSpec,
): EpisodeStart {
  const start = codec.decodeStart(onlyMessageOn(file, TOPICS.reset));
  checkLimit("numbers", messagesOn(file, TOPICS.step).length * (action.length + numbersOf(start)));
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
