import { bytesChanges, changedBytes } from "./bytes-changes.js";
import { commandKind } from "./command-lines.js";
import { fileKind, kind } from "./file-kind.js";
import { BEGUN_FILES } from "./inputs.js";
import { changedJson, type JsonChange, jsonChanges } from "./json-changes.js";
import type { FuzzKind } from "./kind.js";
import { changedLines, type LinesChange, linesChanges } from "./lines-changes.js";
import { lockKind } from "./lock-kind.js";
import { continueSweep, plan, play, RECORDING, resume, show } from "./readers.js";
import { changedContent, contentChanges } from "./recording-changes.js";
import {
  arraysChanges,
  changedArrays,
  changedCheckpoint,
  changedTransitions,
} from "./saved-state-changes.js";
import { usedSettingsKind } from "./used-settings.js";

const json = (original: Buffer, changes: readonly JsonChange[]) =>
  `${changedJson(JSON.parse(original.toString("utf8")), changes, 2)}\n`;
const lines = (original: Buffer, changes: readonly LinesChange[]) =>
  changedLines(original.toString("utf8"), changes);

/** All kinds of files that people send one another, and the command line. */
export const kinds: readonly FuzzKind[] = [
  fileKind("settings", "begun/settings.json", jsonChanges, json, resume),
  fileKind("checkpoint", "begun/checkpoint.json", jsonChanges, changedCheckpoint, resume),
  fileKind(
    "arrays",
    `begun/${BEGUN_FILES.learned}`,
    arraysChanges,
    changedArrays((content) => content.arrays),
    resume,
  ),
  fileKind(
    "arrays of the task being learned",
    `begun/${BEGUN_FILES.task}`,
    arraysChanges,
    changedArrays(({ current }) => current.arrays),
    resume,
  ),
  fileKind("transitions", `begun/${BEGUN_FILES.transitions}`, bytesChanges, changedTransitions, resume),
  fileKind("metrics", "begun/metrics.jsonl", linesChanges, lines, resume),
  fileKind("metrics of a finished run", "run/metrics.jsonl", linesChanges, lines, show),
  fileKind("timing", "run/timing.jsonl", linesChanges, lines, show),
  fileKind("evaluation", "run/evaluation.json", jsonChanges, json, show),
  fileKind("versions", "run/versions.json", jsonChanges, json, show),
  fileKind("hashes", "run/hashes.json", jsonChanges, json, show),
  fileKind("recording, bytes", RECORDING, bytesChanges, changedBytes, play),
  fileKind(
    "recording, content",
    RECORDING,
    contentChanges,
    (original, changes, path) => changedContent(path, original, changes),
    play,
  ),
  fileKind("sweep.json", "sweep/sweep.json", jsonChanges, json, continueSweep),
  fileKind("oracle", "sweep/oracle.json", jsonChanges, json, continueSweep),
  fileKind("sweep file", "compare.json", jsonChanges, json, plan),
  lockKind,
  kind(commandKind),
  kind(usedSettingsKind),
];
