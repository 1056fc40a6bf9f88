import { existsSync } from "node:fs";
import { join } from "node:path";
import { readDocument } from "../../sim/core/documents.js";
import { type EvaluationJson, evaluationSchema } from "./evaluation-matrix.js";
import { RUN_FILES } from "./run-files.js";

/** A run's returns, when every task has been evaluated after the last visit. @throws InputError when they are damaged */
export function finishedEvaluation(folder: string): EvaluationJson | undefined {
  const path = join(folder, RUN_FILES.evaluation);
  if (!existsSync(path)) return undefined;
  const evaluation = readDocument(path, evaluationSchema, {
    expected: "evaluation.json as `hypercrl train` writes it",
    todo: "Restore the file from a copy",
  });
  const { tasks, visits = tasks, returns } = evaluation;
  return returns.length === visits.length ? evaluation : undefined;
}

/** Whether every task of the run in a folder has been evaluated after its last visit. @throws InputError when its returns are damaged */
export function isFinished(folder: string): boolean {
  return finishedEvaluation(folder) !== undefined;
}
