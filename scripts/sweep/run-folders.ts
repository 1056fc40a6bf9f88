import { existsSync } from "node:fs";
import { join } from "node:path";
import { clearUnbegun } from "../../agent/run/leftovers.js";
import { hashSettings, type Versions } from "../../agent/run/origin.js";
import { readSettings } from "../../agent/run/read-run.js";
import { isRunFolder, RUN_FILES } from "../../agent/run/run-files.js";
import { RunStore } from "../../agent/run/store.js";
import { InputError } from "../../sim/core/errors.js";
import { checkOwnFolder, folderInside } from "../../sim/core/own-files.js";
import { settingsOf } from "./manifest.js";
import type { Manifest, ManifestRun } from "./manifest-file.js";

/** Folders inside of a sweep's: of its runs, and of what their processes print. */
export const [RUNS, LOGS] = ["runs", "logs"] as const;

/** Folder of a run; it belongs to that run alone. */
export function runFolder(folder: string, { id }: Pick<ManifestRun, "id">): string {
  return join(folder, RUNS, id);
}

/** Makes the folder of a run, ready to be begun, unless it is there. @throws InputError when it holds another run */
export function prepareRun(folder: string, manifest: Manifest, run: ManifestRun, versions: Versions): void {
  checkOwnFolder(folderInside(folder, RUNS), run.id);
  const path = runFolder(folder, run);
  if (!isRunFolder(path)) {
    if (existsSync(join(path, RUN_FILES.checkpoint))) throw lostSettings(path);
    clearUnbegun(path);
    RunStore.create(path, settingsOf(manifest, run), versions).close();
  }
  if (hashSettings(readSettings(path)) === run.hash) return;
  throw new InputError({
    what: `Run folder ${path} belongs to other settings`,
    expected: "the settings that sweep.json names",
    todo: `Restore ${join(path, RUN_FILES.settings)}, or move the folder away`,
  });
}

function lostSettings(path: string): InputError {
  return new InputError({
    what: `${join(path, RUN_FILES.settings)} is missing`,
    got: "a run that has saved its state",
    expected: "the settings it began with beside it",
    todo: "Restore the file from a copy, or move the folder away to begin that run anew",
  });
}
