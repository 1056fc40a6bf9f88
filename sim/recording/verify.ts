import { InputError } from "../core/errors.js";
import { Environment, type StepResult } from "../environment.js";
import type { Channel, Task } from "../task.js";
import { isEngineFailure } from "../world.js";
import type { EpisodeStep } from "./episode.js";
import type { Episode } from "./reader.js";
import { stateHash } from "./recorder.js";

/** A value that differs between recording and simulation. */
export interface Difference {
  /** 0 is the start, 1 the first step. */
  readonly step: number;
  /** `observation NAME`, `reward`, `terminated`, `truncated` or `stateHash`. */
  readonly quantity: string;
  readonly recorded: number | boolean | string;
  readonly simulated: number | boolean | string;
}

/** Whether an episode came out the same bit by bit, or where it first differs. */
export type Verification =
  | { readonly ok: true; readonly steps: number; readonly hashes: number }
  | ({ readonly ok: false } & Difference);

/**
 * Simulates the recorded actions from the recorded snapshot and compares every observation, reward, flag and
 * recorded state hash bit by bit. Returns the first difference.
 * @param others tasks of the suite that the episode may change to, see `EpisodeHeader.switches`
 * @throws InputError when the episode belongs to another task or physics version, changes to a task that is not there, or its snapshot
 *   is unusable.
 */
export function verifyEpisode(
  episode: Episode,
  task: Task,
  currentPhysicsVersion: string,
  others: readonly Task[] = [],
): Verification {
  checkApplies(episode, task, currentPhysicsVersion);
  const tasks = [task, ...switchedTasks(episode, others)];
  const { episodeSteps } = episode.header;
  const environments = new Map(tasks.map((one) => [one.name, new Environment(one, { episodeSteps })]));
  const close = () => {
    for (const environment of environments.values()) environment.close();
  };
  try {
    const verification = simulate(environments, episode);
    close();
    return verification;
  } catch (cause) {
    if (!isEngineFailure(cause)) {
      close();
      throw cause;
    }
    throw new InputError({
      what: `Episode ${episode.path} cannot be simulated`,
      got: `a snapshot that the physics engine fails on (${cause.message})`,
      expected: "a snapshot that its task took",
      todo: "Use another episode",
      cause,
    });
  }
}

/** @param environments by the names of their tasks */
function simulate(environments: ReadonlyMap<string, Environment>, episode: Episode): Verification {
  const { task, switches = [] } = episode.header;
  let environment = environments.get(task)!;
  environment.restore({ scene: episode.initialSnapshot, stepsDone: 0 });
  const snapshotHash = () => stateHash(environment.scene.snapshot());
  const { observation } = environment.task.spec;
  // The hash of the recorded bytes: before its first step, a restored Rapier 0.20 world may write two list entries in
  // the other order, with the same future.
  const start =
    compareVector(observation, episode.start.observation, environment.observation) ??
    compare("stateHash", episode.start.stateHash, stateHash(episode.initialSnapshot));
  if (start !== undefined) return { ok: false, step: 0, ...start };
  let hashes = 1;
  for (const [i, step] of episode.steps.entries()) {
    const change = switches.find(({ steps }) => steps === i);
    if (change !== undefined) {
      const next = environments.get(change.task)!;
      next.takeOver(environment);
      environment = next;
    }
    const difference = compareStep(observation, step, environment.step(step.action), snapshotHash);
    if (difference !== undefined) return { ok: false, step: i + 1, ...difference };
    if (step.stateHash !== undefined) hashes++;
  }
  return { ok: true, steps: episode.steps.length, hashes };
}

type Mismatch = Omit<Difference, "step"> | undefined;

function compareStep(
  channels: readonly Channel[],
  recorded: EpisodeStep,
  simulated: StepResult,
  snapshotHash: () => string,
): Mismatch {
  return (
    compareVector(channels, recorded.observation, simulated.observation) ??
    compare("reward", recorded.reward, simulated.reward) ??
    compare("terminated", recorded.terminated, simulated.terminated) ??
    compare("truncated", recorded.truncated, simulated.truncated) ??
    (recorded.stateHash === undefined ? undefined : compare("stateHash", recorded.stateHash, snapshotHash()))
  );
}

function compareVector(
  channels: readonly Channel[],
  recorded: Float32Array,
  simulated: Float32Array,
): Mismatch {
  for (const [i, { name }] of channels.entries()) {
    const mismatch = compare(`observation ${name}`, recorded[i]!, simulated[i]!);
    if (mismatch !== undefined) return mismatch;
  }
  return undefined;
}

function compare<V extends number | boolean | string>(quantity: string, recorded: V, simulated: V): Mismatch {
  return Object.is(recorded, simulated) ? undefined : { quantity, recorded, simulated };
}

function checkApplies({ path, header, spec }: Episode, task: Task, physics: string): void {
  const mismatch = (what: string, got: string, expected: string, todo: string) =>
    new InputError({ what: `Episode ${path} was recorded with another ${what}`, got, expected, todo });
  if (header.versions.physics !== physics) {
    const todo = `Verify it with an installation that has physics ${header.versions.physics}; playback works with any version`;
    throw mismatch("physics version", header.versions.physics, `${physics} (this installation)`, todo);
  }
  if (header.task !== task.name) {
    throw mismatch("task", header.task, task.name, `Verify it with the task ${header.task}`);
  }
  const describe = (s: typeof spec) =>
    `${s.controlPeriod} s, action ${names(s.action)}, observation ${names(s.observation)}`;
  if (describe(spec) !== describe(task.spec)) {
    const todo = "Verify it with the version of hypercrl that recorded it";
    throw mismatch(
      "task definition",
      describe(spec),
      describe(task.spec),
      `${todo} (${header.versions.hypercrl})`,
    );
  }
}

/** The tasks that an episode changes to, each once. @throws InputError when one is not there */
function switchedTasks({ path, header }: Episode, others: readonly Task[]): Task[] {
  const names = new Set(header.switches?.map(({ task }) => task));
  names.delete(header.task);
  return [...names].map((name) => {
    const found = others.find((task) => task.name === name);
    if (found !== undefined) return found;
    throw new InputError({
      what: `Episode ${path} changes to a task that is not known here`,
      got: `task ${name}`,
      expected:
        others.length === 0 ? "an episode of one task" : `one of ${others.map((o) => o.name).join(", ")}`,
      todo: "Verify it with all tasks of its suite",
    });
  });
}

function names(channels: readonly Channel[]): string {
  return channels.map((channel) => channel.name).join(" ");
}
