import { elementAt } from "../../sim/core/element.js";
import { UsageError } from "../../sim/core/errors.js";
import type { Rng } from "../../sim/core/rng.js";
import type { Environment } from "../../sim/environment.js";
import type { Task } from "../../sim/task.js";
import type { EpisodeRun } from "../episode-run.js";
import { type EvaluationOptions, evaluationEnvironment } from "./evaluation-episode.js";
import type { SwitchMade } from "./recognition.js";

/** How many steps a task lasts within an episode: a whole number from `low` to `high` with them, each equally probable. */
export interface SwitchSteps {
  readonly low: number;
  readonly high: number;
}

/**
 * Draws when the task changes within an episode, and to which: after so many steps from `low` to `high` each time, to any of the other
 * tasks with equal probability.
 * @param first which of the tasks the episode begins with
 * @param tasks K, at least 2
 * @param episodeSteps steps of the episode; no change comes at its end or later
 */
export function drawSwitches(
  first: number,
  tasks: number,
  episodeSteps: number,
  { low, high }: SwitchSteps,
  rng: Rng,
): SwitchMade[] {
  const made: SwitchMade[] = [];
  let candidate = first;
  for (let after = 0; ; ) {
    after += low + rng.integer(high - low + 1);
    if (after >= episodeSteps) return made;
    // One of the others: those from the present one on are one further.
    const other = rng.integer(tasks - 1);
    candidate = other < candidate ? other : other + 1;
    made.push({ after, candidate });
  }
}

/**
 * Checks that every episode of so many steps has a change.
 * @throws UsageError when these are no whole numbers from 1, the first is above the second, or an episode may end before it
 */
export function checkSwitchSteps({ low, high }: SwitchSteps, episodeSteps: number): void {
  const text = low === high ? `${low}` : `${low}-${high}`;
  const refuse = (what: string, expected: string) =>
    new UsageError({
      what,
      got: `switch steps ${text}`,
      expected,
      todo: "Give the steps that a task lasts, a number N or a range MIN-MAX",
    });
  if (!Number.isInteger(low) || !Number.isInteger(high) || low < 1) {
    throw refuse("A task cannot last so many steps within an episode", "whole numbers from 1");
  }
  if (low > high)
    throw refuse("The range of steps that a task lasts is upside down", "MIN-MAX with MIN up to MAX");
  if (high >= episodeSteps) {
    throw refuse(
      "The task would change after the end of an episode",
      `at most ${episodeSteps - 1}, because an episode has ${episodeSteps} steps`,
    );
  }
}

/** Changes the tasks of evaluation episodes while they go on: the same ones whatever plays them, and in whatever order. */
export class TaskSwitcher {
  readonly #tasks: readonly Task[];
  readonly #indices: readonly number[];
  readonly #steps: SwitchSteps;
  readonly #rng: Rng;
  /** What tasks are changed to, `[K]`. */
  readonly #environments: readonly Environment[];

  /**
   * @param tasks K that it may change between, whose scenes take over from each other
   * @param indices theirs in the suite, `[K]`
   * @param rng generator that a stream for each episode is split from
   */
  constructor(
    tasks: readonly Task[],
    indices: readonly number[],
    steps: SwitchSteps,
    starts: EvaluationOptions["starts"],
    rng: Rng,
  ) {
    this.#tasks = tasks;
    this.#indices = indices;
    this.#steps = steps;
    this.#rng = rng;
    this.#environments = tasks.map((task) => evaluationEnvironment({ task, ...(starts && { starts }) }));
  }

  /**
   * The changes of an episode.
   * @param candidate the task that it begins with, among the K
   * @param episode counts from 0
   */
  changesOf(candidate: number, episode: number): SwitchMade[] {
    const { episodeSteps } = elementAt(this.#tasks, candidate, "tasks").spec;
    const stream = this.#rng.split(`unannounced/switch-steps/${this.#indices[candidate]}/${episode}`);
    return drawSwitches(candidate, this.#tasks.length, episodeSteps, this.#steps, stream);
  }

  /** Makes the change that is due before the next step of an episode. Returns the task from now on, undefined where none is due. */
  change(episode: EpisodeRun, changes: readonly SwitchMade[]): number | undefined {
    const due = changes.find(({ after }) => after === episode.stepsDone);
    if (due === undefined) return undefined;
    const environment = elementAt(this.#environments, due.candidate, "tasks");
    episode.switchTo(environment, elementAt(this.#indices, due.candidate, "tasks"));
    return due.candidate;
  }

  close(): void {
    for (const environment of this.#environments) environment.close();
  }
}

/** Whether the scenes of tasks take over from each other, so that one can change into another in the middle of an episode. */
export function canChangeWithin(tasks: readonly Task[]): boolean {
  const families = tasks.map(familyOf);
  return families.every((family) => family !== undefined && family === families[0]);
}

function familyOf(task: Task): string | undefined {
  const scene = task.createScene();
  try {
    return scene.handover?.read().family;
  } finally {
    scene.close();
  }
}
