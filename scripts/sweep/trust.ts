import { existsSync, realpathSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { z } from "zod";
import { readDocument, writeDocument } from "../../sim/core/documents.js";
import { UsageError } from "../../sim/core/errors.js";
import { isModulePath } from "../parts/module-path.js";
import { modulesOfSweep } from "./manifest.js";
import type { Manifest } from "./manifest-file.js";
import type { SweepChoice } from "./plan.js";

/**
 * Modules of a user's own are programs: who runs them lets them do whatever the user can do. A sweep remembers its
 * modules, so that it can go on without naming them again. A sweep that came from somebody else could name any. So what
 * was chosen on this machine is remembered outside of the sweep, and everything else needs the user's word.
 * @module
 */

const remembered = z.record(z.string(), z.array(z.string()));

/** Where the modules of this user's sweeps are remembered: what the XDG base directories call state. */
function statePath(): string {
  return join(process.env.XDG_STATE_HOME || join(homedir(), ".local", "state"), "hypercrl", "sweeps.json");
}

function readState(): Record<string, string[]> {
  const path = statePath();
  if (!existsSync(path)) return {};
  return readDocument(path, remembered, {
    expected: "the modules of sweeps, by the folder of the sweep",
    todo: "Delete the file; sweeps then ask again before they run modules",
  });
}

/** The modules that a command names itself, absolute. */
function modulesNamed({ suite, planner, methods = [] }: SweepChoice): string[] {
  const named = [suite, planner, ...methods.map(({ method }) => method)];
  return named.flatMap((name) => (name !== undefined && isModulePath(name) ? [resolve(name)] : []));
}

/** Notes that the modules of a sweep were chosen by this user. */
export function rememberModules(folder: string, manifest: Manifest): void {
  const modules = modulesOfSweep(folder, manifest);
  if (modules.length === 0) return;
  const state = readState();
  const key = realpathSync(folder);
  if (modules.every((module) => state[key]?.includes(module))) return;
  writeDocument(statePath(), { ...state, [key]: modules });
}

/**
 * Checks that a sweep that goes on runs no module that its user does not know of.
 * @param choice what the command names itself
 * @param ask whether the user trusts modules, absolute paths
 * @throws UsageError when there is one and the user does not trust it
 */
export async function checkModules(
  folder: string,
  manifest: Manifest,
  choice: SweepChoice,
  ask: (modules: readonly string[]) => Promise<boolean> = async () => false,
): Promise<void> {
  const known = new Set([...(readState()[realpathSync(folder)] ?? []), ...modulesNamed(choice)]);
  const unknown = modulesOfSweep(folder, manifest).filter((module) => !known.has(module));
  if (unknown.length === 0 || (await ask(unknown))) return;
  throw new UsageError({
    what: `Sweep ${folder} runs modules that were not chosen on this machine`,
    got: unknown.join(", "),
    expected: "modules that you trust, since they can do whatever you can do",
    todo: "Look into them, then give --trust-suite",
  });
}
