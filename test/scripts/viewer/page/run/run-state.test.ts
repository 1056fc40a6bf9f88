import { describe, expect, it } from "vitest";
import {
  curvesOfRun,
  episodeText,
  type RunState,
  runText,
  successText,
  withUpdate,
} from "../../../../../scripts/viewer/page/run/run-state.js";
import type { RunEpisode, RunUpdate } from "../../../../../scripts/viewer/payload.js";

const TASKS = ["box", "round"];

function episode(phase: RunEpisode["phase"], change: Partial<RunEpisode> = {}): RunEpisode {
  const { taskIndex = 0 } = change;
  const common = { task: TASKS[taskIndex]!, taskIndex, afterTask: taskIndex, episode: 0, success: false };
  return { ...common, phase, return: -12.34, file: "x.mcap", ...change };
}

function state(...episodes: readonly RunEpisode[]): RunState {
  const visits = [0, 1].map((task) => ({ task, explores: true, steps: 300, lastEvaluated: task }));
  const plan = { tasks: 2, isOnce: true, visits, evaluationEpisodes: 2 };
  return { status: "running", plan, episodes, loss: 0.0123 };
}

/** A run that visits both tasks twice. */
function again(...episodes: readonly RunEpisode[]): RunState {
  const visits = [0, 1, 0, 1].map((task, visit) => ({
    ...{ task, explores: visit < 2, steps: visit < 2 ? 300 : 200 },
    lastEvaluated: Math.min(visit, 1),
  }));
  return { ...state(...episodes), plan: { tasks: 2, isOnce: false, visits, evaluationEpisodes: 2 } };
}

const baseline = (change: Partial<RunEpisode>) => episode("random", { afterTask: -1, ...change });

describe("runText", () => {
  it.each<[string, RunState]>([
    ["no episode yet", state()],
    ["task 1/2 box · random policy · episode 1 of 2", state(baseline({}))],
    ["task 1/2 box · exploring", state(baseline({}), baseline({ taskIndex: 1, episode: 1 }))],
    ["task 1/2 box · exploring · episode 1 · step 120 of 300", state(episode("random", { steps: 120 }))],
    [
      "task 1/2 box · learning · episode 2 · step 240 of 300",
      state(episode("train", { episode: 1, steps: 240 })),
    ],
    ["task 1/2 box · evaluating", state(episode("train", { episode: 2, steps: 300 }))],
    [
      "task 2/2 round · evaluating on box · episode 2 of 2",
      state(episode("train", { taskIndex: 1 }), episode("evaluate", { afterTask: 1, episode: 1 })),
    ],
    ["task 2/2 · exploring", state(episode("evaluate", { episode: 1 }))],
    ["all 2 tasks learned in 1 episodes", { ...state(episode("evaluate")), status: "done" }],
    [
      "visit 3/4 box · learning · episode 2 · step 120 of 200",
      again(episode("train", { afterTask: 2, visit: 2, episode: 1, steps: 120 })),
    ],
    [
      "visit 3/4 box · evaluating on round · episode 1 of 2",
      again(baseline({}), episode("evaluate", { afterTask: 2, taskIndex: 1 })),
    ],
    [
      "visit 3/4 box · learning",
      again(baseline({}), episode("evaluate", { afterTask: 1, taskIndex: 1, episode: 1 })),
    ],
    ["task 1 box · learning · episode 1", { ...state(episode("train", { steps: 9 })), plan: undefined }],
  ])("says %s", (text, of) => {
    expect(runText(of).replace(" · last return -12.3 · loss 0.012", "")).toBe(text);
  });
});

describe("withUpdate", () => {
  it("adds what is new, and replaces what was before by a fresh start", () => {
    const a = episode("train", { file: "a" });
    const b = episode("train", { file: "b" });
    const c = episode("train", { file: "c" });
    const update = (episodes: RunEpisode[], fresh: boolean): RunUpdate => ({
      source: 0,
      status: "running",
      fresh,
      episodes,
    });
    const files = (of: RunState) => of.episodes.map(({ file }) => file);
    const one = withUpdate(undefined, update([a], true));
    const two = withUpdate(one, update([b, c], false));
    expect(files(two)).toEqual(["a", "b", "c"]);
    expect(files(withUpdate(two, update([b], true)))).toEqual(["b"]);
  });
});

describe("curvesOfRun", () => {
  it("has a curve for each kind of episode, and where tasks begin", () => {
    const run = state(
      baseline({ return: 1 }),
      episode("random", { return: 2 }),
      episode("train", { return: null }),
      episode("evaluate", { return: 4 }),
      episode("random", { return: 5, taskIndex: 1 }),
      episode("evaluate", { return: 6, afterTask: 1 }),
    );
    expect(curvesOfRun(run)).toEqual({
      numbers: [1, 2, 3, 4, 5, 6],
      returns: [
        [1, 2, null, null, 5, null],
        [null, null, null, null, null, null],
        [null, null, null, 4, null, 6],
      ],
      success: [false, false, false, false, false, false],
      begins: [
        { index: 1, number: 1 },
        { index: 4, number: 2 },
      ],
    });
    expect(successText(run)).toBe("success: random 0 of 3, learning 0 of 1, evaluation 0 of 2");
    expect(successText(state(episode("train", { success: true })))).toBe("success: learning 1 of 1");
    expect(episodeText(run, 5)).toBe("episode 6: box, evaluation after task 2, return 6.00, no success");
    expect(episodeText(run, 2)).toBe("episode 3: box, learning in task 1, return –, no success");
  });
});
