import { inWords } from "../../sim/core/in-words.js";
import type { Environment } from "../../sim/environment.js";
import type { Task } from "../../sim/task.js";
import {
  type ConformanceRule,
  ensure,
  ensureSameTrace,
  hex,
  playOn,
  randomActions,
  shortEpisode,
  trace,
  Violation,
  withEnvironments,
} from "./support.js";

function checkDeterminism(task: Task): void {
  const steps = shortEpisode(task);
  withEnvironments(task, 3, (a, b, c) => {
    const actions = randomActions(task, 7, steps);
    const starts = [a, b, c].map((environment) => environment.reset(7).join());
    ensure(new Set(starts).size === 1, `starts ${starts[0]} and ${starts.find((s) => s !== starts[0])}`);
    const first = trace(a, actions);
    ensureSameTrace(first, trace(b, actions), "between two environments with one seed and the same actions");
    const other = trace(c, randomActions(task, 8, steps));
    ensure(other.join() !== first.join(), "other actions lead to the same bytes", "actions that matter");
  });
}

function checkIsolation(task: Task): void {
  const steps = shortEpisode(task);
  withEnvironments(task, 3, (a, b, alone) => {
    const actions = randomActions(task, 9, steps);
    const others = randomActions(task, 10, steps);
    for (const environment of [a, b, alone]) environment.reset(9);
    const together: string[] = [];
    for (const [k, action] of actions.entries()) {
      together.push(...trace(a, [action]));
      playOn(b, [others[k]!]);
    }
    const apart = actions.flatMap((action) => trace(alone, [action]));
    const at = apart.findIndex((row, i) => row !== together[i]);
    ensure(at < 0, `step ${Math.floor(at / 2) + 1} differs when another environment steps in between`);
  });
}

function checkReset(task: Task): void {
  const steps = shortEpisode(task);
  withEnvironments(task, 2, (used, fresh) => {
    used.reset(11);
    playOn(used, randomActions(task, 11, steps));
    const starts = [used, fresh].map((environment) => environment.reset(12).join());
    ensure(starts[0] === starts[1], `starts ${starts[0]} after an episode, ${starts[1]} in a new scene`);
    const actions = randomActions(task, 12, steps);
    ensureSameTrace(trace(fresh, actions), trace(used, actions), "after an earlier episode");
  });
}

function checkSnapshot(task: Task): void {
  withEnvironments(task, 2, (a, b) => {
    a.reset(13);
    const actions = randomActions(task, 13, 2 * shortEpisode(task));
    // An episode that ends by itself before that has its middle earlier.
    const steps = Math.floor(playOn(a, actions) / 2);
    a.reset(13);
    playOn(a, actions.slice(0, steps));
    const state = a.snapshot();
    ensure(state.scene instanceof Uint8Array, `snapshot() gives ${inWords(state.scene)}`, "a Uint8Array");
    const taken = hex(state.scene);
    const rest = trace(a, actions.slice(steps));
    ensure(hex(state.scene) === taken, "a snapshot that changes when the scene goes on", "a copy");
    for (const [environment, where] of [
      [a, "after restoring the scene's own snapshot"],
      [b, "after restoring another scene's snapshot"],
    ] as const) {
      environment.restore(state);
      ensure(hex(environment.snapshot().scene) === taken, `another snapshot ${where}`, "the same bytes");
      ensureSameTrace(rest, trace(environment, actions.slice(steps)), where);
    }
  });
}

/** Damaged copies of a snapshot with what was done to each. */
function damagedCopies(good: Uint8Array): [string, Uint8Array][] {
  const flip = (at: number) => good.with(at, good[at]! ^ 1);
  return [
    ["an empty snapshot", new Uint8Array(0)],
    ["a snapshot without its last byte", good.slice(0, -1)],
    ["a snapshot with one more byte", Uint8Array.from([...good, 0])],
    ...[0, Math.min(30, good.length - 1), Math.floor(good.length / 2), good.length - 1].map(
      (at): [string, Uint8Array] => [`a snapshot with a changed bit in byte ${at}`, flip(at)],
    ),
  ];
}

function checkDamagedSnapshots(task: Task): void {
  withEnvironments(task, 1, (environment) => {
    environment.reset(15);
    playOn(environment, randomActions(task, 15, Math.min(5, shortEpisode(task))));
    const good = environment.snapshot().scene;
    for (const [what, bytes] of damagedCopies(good)) {
      ensureRefused(environment, what, bytes);
      ensure(hex(environment.snapshot().scene) === hex(good), `${what} changes the scene`);
    }
  });
}

function ensureRefused({ scene }: Environment, what: string, bytes: Uint8Array): void {
  try {
    scene.restore(bytes);
  } catch (error) {
    // By name: a suite of the user's own may have another copy of the package.
    if (error instanceof Error && error.name === "InputError") return;
    throw new Violation(`${what} throws ${String(error)}`, "an InputError");
  }
  throw new Violation(`${what} is restored`, "an InputError");
}

function checkClose(task: Task): void {
  withEnvironments(task, 1, (environment) => {
    environment.reset(1);
    environment.close();
  });
}

export const stateRules: readonly ConformanceRule[] = [
  {
    name: "deterministic",
    expected: "the same bytes from the same seed and actions; randomness only from reset()'s argument",
    check: checkDeterminism,
  },
  { name: "isolated", expected: "scenes that share no state", check: checkIsolation },
  { name: "reset", expected: "a reset that leaves nothing of the last episode behind", check: checkReset },
  {
    name: "snapshot",
    expected: "a snapshot holds everything that decides the future, bit by bit",
    check: checkSnapshot,
  },
  {
    name: "damaged-snapshot",
    expected: "restore() refuses damaged bytes with an InputError and changes nothing",
    check: checkDamagedSnapshots,
  },
  { name: "close", expected: "close() may be called twice", check: checkClose },
];
