import type { PlannerDefinition } from "../../planners/types.js";
import { elementAt } from "../../sim/core/element.js";
import { Rng } from "../../sim/core/rng.js";
import type { Task } from "../../sim/task.js";
import { Stopped } from "../episode-run.js";
import { alignedArray } from "../graph/session.js";
import { MpcPolicy } from "../policy.js";
import type { Settings } from "../settings/schema.js";
import { answerCalls } from "../threads/answer-calls.js";
import { EpisodePlayer, episodeStream } from "./episode-player.js";
import type { EpisodeAnswer, EpisodeCall, PlayedTask } from "./episode-threads.js";
import { EpisodeLimit } from "./play-together.js";

/** What settings name, in this thread. */
export interface PlayedParts {
  readonly tasks: readonly Task[];
  readonly planner: PlannerDefinition;
}

/** A task that this thread has turned to. */
interface Opened {
  readonly player: EpisodePlayer;
  readonly policy: MpcPolicy;
  readonly limit: EpisodeLimit;
}

/** Plays episodes for `EpisodeThreads`, on a thread of its own. @param find what settings name */
export function serveEpisodes(find: (settings: Settings) => PlayedParts): void {
  let opened: Opened | undefined;
  const close = async () => {
    opened?.player.close();
    await opened?.policy.release();
    opened = undefined;
  };
  const answer = async (call: EpisodeCall): Promise<EpisodeAnswer | undefined> => {
    if (call.type === "play") {
      if (opened === undefined) throw new RangeError("No task is open.");
      return playOrStop(opened, call.episode);
    }
    await close();
    opened = await open(call.task, find(call.task.settings), new EpisodeLimit(call.limit));
    return undefined;
  };
  answerCalls(answer, close);
}

async function open(
  played: PlayedTask,
  { tasks, planner }: PlayedParts,
  limit: EpisodeLimit,
): Promise<Opened> {
  const { taskIndex, afterTask, settings, dynamics, starts, recordings } = played;
  const task = elementAt(tasks, taskIndex, "tasks");
  const rng = Rng.fromState(played.rng);
  const first = episodeStream(rng, afterTask, taskIndex, 0);
  const policy = await MpcPolicy.create(task, dynamics.shape, settings, planner, first);
  // As the runtime finds them on the thread that has learned them.
  const weights = alignedArray(dynamics.weights.length);
  weights.set(dynamics.weights);
  await policy.load(weights, dynamics.normalizer);
  const { history } = settings.dynamics;
  const options = { task, taskIndex, rng, history, recordings, ...(starts && { starts }) };
  return { player: new EpisodePlayer(policy, afterTask, options), policy, limit };
}

async function playOrStop({ player, limit }: Opened, episode: number): Promise<EpisodeAnswer> {
  try {
    return await player.play(episode, () => !limit.allows(episode));
  } catch (error) {
    if (error instanceof Stopped) return "stopped";
    throw error;
  }
}
