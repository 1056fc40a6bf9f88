import { isModulePath } from "./module-path.js";
import { shellWord } from "./shell-word.js";

/** Modules that a run is made of; undefined where it comes with the package. */
export interface RunModules {
  readonly suite?: string | undefined;
  readonly method?: string | undefined;
  readonly planner?: string | undefined;
}

/** The modules among what a call gave: those it named by their paths. */
export function modulesGiven(given: Readonly<Partial<Record<keyof RunModules, unknown>>>): RunModules {
  const path = (part: unknown) => (typeof part === "string" && isModulePath(part) ? part : undefined);
  return { suite: path(given.suite), method: path(given.method), planner: path(given.planner) };
}

/** The options that give a run its modules again, as arguments. */
export function moduleOptions({ suite, method, planner }: RunModules): string[] {
  const given = Object.entries({ suite, method, planner });
  return given.flatMap(([name, file]) => (file === undefined ? [] : [`--${name}`, file]));
}

/** The command that continues one run by itself, as a shell takes it. */
export function resumeCommand(folder: string, modules: RunModules): string {
  return withModules(`hypercrl train --resume ${shellWord(folder)}`, modules);
}

/** The command that simulates a recorded episode again, as a shell takes it. */
export function verifyCommand(episode: string, { suite }: RunModules): string {
  return withModules(`hypercrl replay ${shellWord(episode)} --verify`, { suite });
}

function withModules(command: string, modules: RunModules): string {
  return [command, ...moduleOptions(modules).map(shellWord)].join(" ");
}
