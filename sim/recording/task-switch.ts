/** A change of the task in the middle of an episode. */
export interface TaskSwitch {
  /** Steps of the episode that were made before it, at least 1. */
  readonly steps: number;
  /** Name of the task of the steps that follow. */
  readonly task: string;
  /** Its index in the suite. */
  readonly taskIndex: number;
}

/** The task that an episode begins with, and where it changes. */
interface Switched {
  readonly task: string;
  readonly switches?: readonly TaskSwitch[];
}

/** How many changes of the task come before the step that is made in a state, so many steps after the start. */
export function switchesUntil({ switches = [] }: Switched, state: number): number {
  return switches.filter(({ steps }) => steps <= state).length;
}

/** Name of the task of the step that is made in a state, so many steps after the start. */
export function taskInState(episode: Switched, state: number): string {
  return episode.switches?.[switchesUntil(episode, state) - 1]?.task ?? episode.task;
}
