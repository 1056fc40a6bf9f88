import { shellWord } from "./text.js";

/** Modules that a run is made of; undefined where it comes with the package. */
export interface RunModules {
  readonly suite?: string | undefined;
  readonly method?: string | undefined;
  readonly planner?: string | undefined;
}

/** The options that give a run its modules again, as arguments. */
export function moduleOptions({ suite, method, planner }: RunModules): string[] {
  const given = Object.entries({ suite, method, planner });
  return given.flatMap(([name, file]) => (file === undefined ? [] : [`--${name}`, file]));
}

/** The command that continues one run by itself, as a shell takes it. */
export function resumeCommand(folder: string, modules: RunModules): string {
  const options = moduleOptions(modules).map((word) => ` ${shellWord(word)}`);
  return `hypercrl train --resume ${shellWord(folder)}${options.join("")}`;
}
