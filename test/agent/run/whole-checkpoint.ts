import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { LearnedState, TaskState } from "../../../agent/agent-state.js";
import type { Checkpoint } from "../../../agent/run/checkpoint.js";
import { learnedArrays, taskArrays } from "../../../agent/run/checkpoint-arrays.js";
import { encodeSafetensors } from "../../../sim/core/safetensors.js";

const hashOf = (bytes: Uint8Array | string) => createHash("sha256").update(bytes).digest("hex");

/** A checkpoint in the midst of a task with all arrays in one file, as versions wrote it that knew no other. @param file name of the arrays */
export function writeWholeCheckpoint(
  folder: string,
  settingsHash: string,
  { progress, metricsBytes, actionRng }: Omit<Checkpoint, "agent">,
  learned: LearnedState,
  task: TaskState,
  file: string,
): void {
  const { buffer, moments, planner } = task;
  const { size, inputSize, targetSize } = buffer;
  const bytes = encodeSafetensors({
    ...learnedArrays(learned),
    "buffer.inputs": { shape: [size, inputSize], data: buffer.inputs.subarray(0, size * inputSize) },
    "buffer.targets": { shape: [size, targetSize], data: buffer.targets.subarray(0, size * targetSize) },
    ...taskArrays(task),
  });
  const content = {
    schema: 2,
    settingsHash,
    arrays: { file, sha256: hashOf(bytes) },
    progress,
    metricsBytes,
    learner: learned.learner.numbers,
    actionRng,
    current: {
      bufferAdded: buffer.added,
      momentsCount: moments.inputs.count,
      plannerRng: planner.rng,
    },
  };
  writeFileSync(join(folder, file), bytes);
  const text = JSON.stringify({ ...content, sha256: hashOf(JSON.stringify(content)) });
  writeFileSync(join(folder, "checkpoint.json"), text);
}
