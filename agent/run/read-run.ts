import { join } from "node:path";
import { z } from "zod";
import { damagedDocument, readDocument, readJsonFile } from "../../sim/core/documents.js";
import { InputError } from "../../sim/core/errors.js";
import { problemOf } from "../../sim/core/problem.js";
import { isThere } from "../../sim/core/system-errors.js";
import { parseSavedSettings } from "../settings/parse.js";
import type { Settings } from "../settings/schema.js";
import { RUN_FILES, SETTINGS_ERROR } from "./run-files.js";

/**
 * Reads a run's settings, also where its own method or planner is not at hand.
 * @throws InputError when the folder is no run or the file is damaged
 */
export function readSettings(folder: string): Settings {
  const path = join(folder, RUN_FILES.settings);
  checkRunFile(path);
  const saved = readJsonFile(path, SETTINGS_ERROR);
  try {
    return parseSavedSettings(saved, path);
  } catch (cause) {
    throw damagedDocument(path, problemOf(cause), SETTINGS_ERROR, cause);
  }
}

/** Tells a folder that is no run from a run with a damaged file. */
function checkRunFile(path: string): void {
  if (isThere(path)) return;
  throw new InputError({
    what: `${path} is missing`,
    expected: "a run folder, made by `hypercrl train --out FOLDER`",
    todo: "Check the path",
  });
}

const versionsSchema = z.record(z.string(), z.string());

/**
 * Versions that a run was made with, by name.
 * @throws InputError when the file is missing or damaged
 */
export function readVersions(folder: string): Readonly<Record<string, string>> {
  const path = join(folder, RUN_FILES.versions);
  checkRunFile(path);
  return readDocument(path, versionsSchema, {
    expected: "names and versions, as `hypercrl train` writes them",
    todo: "Restore the file, or leave this run out",
  });
}
