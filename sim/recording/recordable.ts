import { Rng } from "../core/rng.js";
import { Environment } from "../environment.js";
import { randomAction } from "../random-action.js";
import type { Task } from "../task.js";
import type { EpisodeHeader } from "./episode.js";
import { TooLargeError } from "./file-bytes.js";
import { checkLimit, LimitExceeded } from "./limits.js";
import { readMcap } from "./mcap.js";
import { numbersOfPlan } from "./plan-messages.js";
import { planNumbers, planShape } from "./plan-shape.js";
import { POSE } from "./playback.js";
import { decodeEpisode, numbersOf } from "./reader.js";
import { EpisodeRecorder, HASH_EVERY } from "./recorder.js";
import { TASKS_DRAWN, taskPlanNumbers, taskPlanShape } from "./task-plan-messages.js";

/** Where it stands in messages. */
const WHERE = "the beginning of an episode";

const HEADER: Omit<EpisodeHeader, "task"> = {
  suite: "",
  taskIndex: 0,
  phase: "random",
  afterTask: -1,
  seed: 1,
  settingsHash: "",
  versions: { hypercrl: "", physics: "" },
};

/** The plans in a recording. */
export interface RecordedPlans {
  /** Steps that each looks ahead, H. */
  readonly horizon: number;
  /** Sequences beside the chosen one, K. */
  readonly others: number;
  /** Names of the tasks whose probabilities stand beside each plan, with what the models of the first expect; default none. */
  readonly believed?: readonly string[];
}

/**
 * Checks that recordings of a task's episodes can be read: records the beginning of one, reads that, and computes what a whole
 * episode comes to.
 * @param plans undefined for recordings without
 * @throws LimitExceeded when a recording holds more than is read of one; InputError when it cannot be read at all
 */
export async function checkRecordable(task: Task, plans?: RecordedPlans): Promise<void> {
  const { episodeSteps, observation } = task.spec;
  const [first, more] = await recordBeginning(task, plans);
  const { steps, playback } = readBeginning(more.bytes);
  // At least 1, where the first step ends the episode by itself.
  const between = Math.max(more.steps - first.steps, 1);
  const inEpisode = (count: (part: Beginning) => number) =>
    Math.round(count(more) + ((count(more) - count(first)) / between) * (episodeSteps - more.steps));
  checkLimit(
    "messages",
    inEpisode(({ bytes }) => messagesIn(bytes)),
  );
  checkLimit(
    "fileBytes",
    inEpisode(({ bytes }) => bytes.length),
  );
  const poses = (episodeSteps + 1) * playback.bodies.length * POSE;
  const shape = { ...planShape(playback.plans, observation.length), plans: plans ? episodeSteps : 0 };
  const believed = episodeSteps * (plans?.believed?.length ?? 0);
  const byTask = taskPlanNumbers({ ...taskPlanShape(playback.taskPlans), steps: episodeSteps });
  const all = episodeSteps * numbersOf(steps[0]!) + poses + planNumbers(shape) + believed + byTask;
  checkLimit("numbers", all);
  // What they are before they are padded, lines counted too.
  const [plan] = playback.plans;
  if (plan !== undefined) checkLimit("numbers", episodeSteps * numbersOfPlan(plan));
}

/** A recording of the first steps of an episode. */
interface Beginning {
  readonly steps: number;
  readonly bytes: Uint8Array;
}

/** The first step, and more until the episode is over: as many as have state hashes as often as a long episode does. */
async function recordBeginning(
  task: Task,
  plans: RecordedPlans | undefined,
): Promise<[Beginning, Beginning]> {
  const environment = new Environment(task);
  try {
    environment.reset(HEADER.seed);
    const recorder = new EpisodeRecorder(environment, { ...HEADER, task: task.name });
    const rng = Rng.fromSeed(HEADER.seed);
    const record = async (until: number): Promise<Beginning> => {
      while (environment.stepsDone < until && !environment.over) {
        if (plans !== undefined) recordPlans(recorder, environment.observation, plans);
        const action = randomAction(task.spec, rng);
        recorder.record(action, environment.step(action));
      }
      return { steps: environment.stepsDone, bytes: await recorder.bytes() };
    };
    const first = await record(1);
    // What is too large by itself is not made twenty times.
    readBeginning(first.bytes);
    return [first, await record(1 + 2 * HASH_EVERY)];
  } finally {
    environment.close();
  }
}

function recordPlans(recorder: EpisodeRecorder, observation: Float32Array, plans: RecordedPlans): void {
  const { believed } = plans;
  if (believed !== undefined) recorder.recordBelief(undecided(believed));
  const forecast = standingStill(observation, plans);
  recorder.recordPlan(forecast);
  if (believed === undefined) return;
  const drawn = believed.slice(0, TASKS_DRAWN);
  recorder.recordTaskPlans(drawn.map((task, index) => ({ task, index, chosen: forecast.chosen })));
}

/** Plans that expect what is there already, which is written with as many digits as anything else. */
function standingStill(observation: Float32Array, { horizon, others }: RecordedPlans) {
  const repeated = (times: number) => {
    const out = new Float32Array(times * observation.length);
    for (let i = 0; i < times; i++) out.set(observation, i * observation.length);
    return out;
  };
  return { chosen: repeated(horizon), others: repeated(others * horizon) };
}

/** A belief with as many digits as any other. */
function undecided(tasks: readonly string[]) {
  return { tasks, probabilities: tasks.map(() => 1 / 3) };
}

function readBeginning(bytes: Uint8Array) {
  try {
    const { steps, playback } = decodeEpisode(WHERE, bytes, { poses: true });
    return { steps, playback: playback! };
  } catch (error) {
    // Without the advice for a file that somebody gave.
    if (error instanceof TooLargeError && error.cause instanceof LimitExceeded) throw error.cause;
    throw error;
  }
}

function messagesIn(bytes: Uint8Array): number {
  const { messages } = readMcap(WHERE, bytes);
  return [...messages.values()].reduce((sum, { length }) => sum + length, 0);
}
