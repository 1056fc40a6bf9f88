import { basename, join, resolve } from "node:path";
import { RUN_FILES } from "../../agent/run/run-files.js";
import { isThere } from "../../sim/core/system-errors.js";
import { isModulePath } from "../parts/module-path.js";
import { RUNS_FOLDER } from "./runs-folder.js";
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

/**
 * The command that makes a run again from the beginning in another folder, as a shell takes it: with the very settings, of which
 * some may have other defaults today, and only where the versions and the suite are those it was made with.
 */
export function againCommand(folder: string, modules: RunModules): string {
  const again = join(RUNS_FOLDER, `${basename(resolve(folder))}-again`);
  const { settings, versions, suite } = RUN_FILES;
  const files = [settings, versions, suite].map((name) => join(folder, name)).filter(isThere);
  const copy = ["cp", ...files, again].map(shellWord).join(" ");
  return `mkdir -p ${shellWord(again)} && ${copy} && ${resumeCommand(again, modules)}`;
}

/** The command that simulates a recorded episode again, as a shell takes it. */
export function verifyCommand(episode: string, { suite }: RunModules): string {
  return withModules(`hypercrl replay ${shellWord(episode)} --verify`, { suite });
}

function withModules(command: string, modules: RunModules): string {
  return [command, ...moduleOptions(modules).map(shellWord)].join(" ");
}
