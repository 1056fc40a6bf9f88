import type {
  EmbeddedData,
  EpisodePayload,
  EpisodeRef,
  PlansPayload,
  RunUpdate,
  ViewerIndex,
} from "../payload.js";
import { type BeliefsData, type TaskPlansData, unpackBeliefs, unpackTaskPlans } from "./beliefs.js";
import { unpackFloats } from "./floats.js";

type Packed = "poses" | "observation" | "action" | "reward" | "measures";

/** Plans with their numbers unpacked; shapes as in `PlansPayload`. */
export interface PlansData extends Omit<PlansPayload, "paths" | "expected"> {
  readonly paths: Float32Array;
  readonly expected: Float32Array;
  /** Index of the plan that was made in a state; no entry where none was. */
  readonly planIn: ReadonlyMap<number, number>;
}

/** An episode with its numbers unpacked; shapes as in `EpisodePayload`. */
export interface EpisodeData
  extends Omit<EpisodePayload, Packed | "plans" | "beliefs" | "taskPlans">,
    Readonly<Record<Packed, Float32Array>> {
  readonly plans?: PlansData;
  readonly beliefs?: BeliefsData;
  readonly taskPlans?: TaskPlansData;
  /** Sum of the rewards up to and with each step, `[S + 1]`. */
  readonly returns: Float32Array;
}

/** Where episodes come from. */
export interface DataSource {
  /** @throws Error with a message for people */
  index(): Promise<ViewerIndex>;
  /** @throws Error with a message for people */
  episode(ref: EpisodeRef): Promise<EpisodeData>;
  /**
   * Tells what is new in runs, first everything so far.
   * @param lost told when nothing can be heard; it is tried again
   * @returns ends that
   */
  watch(accept: (update: RunUpdate) => void, lost: () => void): () => void;
}

export function unpackEpisode(payload: EpisodePayload): EpisodeData {
  const reward = unpackFloats(payload.reward);
  const returns = new Float32Array(reward.length + 1);
  let sum = 0;
  for (let i = 0; i < reward.length; i++) {
    sum += reward[i]!;
    returns[i + 1] = sum;
  }
  const { plans, beliefs, taskPlans, ...rest } = payload;
  return {
    ...rest,
    ...(plans !== undefined && { plans: unpackPlans(plans) }),
    ...(beliefs !== undefined && { beliefs: unpackBeliefs(beliefs) }),
    ...(taskPlans !== undefined && { taskPlans: unpackTaskPlans(taskPlans) }),
    poses: unpackFloats(payload.poses),
    observation: unpackFloats(payload.observation),
    action: unpackFloats(payload.action),
    measures: unpackFloats(payload.measures),
    reward,
    returns,
  };
}

function unpackPlans(plans: PlansPayload): PlansData {
  return {
    ...plans,
    paths: unpackFloats(plans.paths),
    expected: unpackFloats(plans.expected),
    // A step is made from the state before it.
    planIn: new Map(plans.steps.map((step, p) => [step - 1, p])),
  };
}

/** A list before it was read. */
export const NO_EPISODES: ViewerIndex = { sources: [], episodes: [], open: [], runs: [] };

export const sameRef = (a: EpisodeRef, b: EpisodeRef): boolean => a.source === b.source && a.file === b.file;

/** Episodes that are part of the page. */
export function embeddedSource({ index, episodes }: EmbeddedData): DataSource {
  return {
    index: async () => index,
    episode: async (ref) => {
      const payload = episodes.find((episode) => sameRef(episode, ref));
      if (payload === undefined)
        throw new Error(`${ref.source}/${ref.file} is not part of this page; choose another above`);
      return unpackEpisode(payload);
    },
    watch: () => () => {},
  };
}

/** Episodes of the server that the page came from. */
export function servedSource(): DataSource {
  const ask = async (path: string): Promise<unknown> => {
    let answer: Awaited<ReturnType<typeof fetch>>;
    try {
      answer = await fetch(path);
    } catch {
      throw new Error("The viewer does not answer: has `hypercrl view` been stopped? Start it and reload");
    }
    if (!answer.ok) throw new Error((await answer.text()).trim());
    return answer.json();
  };
  return {
    index: async () => (await ask("index.json")) as ViewerIndex,
    episode: async ({ source, file }) =>
      unpackEpisode((await ask(`episodes/${source}/${encodeURIComponent(file)}`)) as EpisodePayload),
    watch: (accept, lost) => {
      const events = new EventSource("events");
      events.addEventListener("message", ({ data }) => accept(JSON.parse(data) as RunUpdate));
      events.addEventListener("error", lost);
      return () => events.close();
    },
  };
}
