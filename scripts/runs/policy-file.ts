import { z } from "zod";
import { type PolicyWeights, policyShape } from "../../agent/distillation/policy-network.js";
import { weightCount } from "../../agent/model/network.js";
import { hashSettings } from "../../agent/run/origin.js";
import { damagedDocument, readGivenFile } from "../../sim/core/documents.js";
import { elementAt, firstOf } from "../../sim/core/element.js";
import { InputError } from "../../sim/core/errors.js";
import { LARGEST } from "../../sim/core/own-files.js";
import { problemOf } from "../../sim/core/problem.js";
import {
  decodeSafetensors,
  encodeSafetensors,
  type SafetensorsFile,
  type Tensor,
} from "../../sim/core/safetensors.js";
import type { SavedState } from "./saved-state.js";

const FORMAT = "hypercrl policies 1";

const metadataSchema = z.object({
  format: z.literal(FORMAT),
  /** Of the run whose planner they imitate. */
  settingsHash: z.string(),
  /** Visits that the run had made. */
  afterTask: z.string(),
});

const WORDS = {
  expected: "policies as `hypercrl distil` writes them",
  todo: "Give another file, or make one with `hypercrl distil RUN --out FILE`",
};

/** The policies of some tasks as safetensors: weights and normaliser of each, under the index of its task in the suite. */
export function encodePolicies(
  policies: readonly PolicyWeights[],
  { settings, afterTask, indices }: Pick<SavedState, "settings" | "afterTask" | "indices">,
): Uint8Array {
  const tensors: Record<string, Tensor> = {};
  for (const [j, { weights, normalizer }] of policies.entries()) {
    for (const [name, data] of Object.entries({ weights, ...normalizer }))
      tensors[`${elementAt(indices, j, "tasks")}.${name}`] = { shape: [data.length], data };
  }
  const { suite, seed } = settings;
  const origin = {
    suite,
    seed: String(seed),
    settingsHash: hashSettings(settings),
    afterTask: String(afterTask),
  };
  return encodeSafetensors(tensors, { format: FORMAT, ...origin });
}

/**
 * Reads the policies of the tasks that a state of a run has learned, in their order.
 * @throws InputError when the file cannot be read, is damaged, or was made from another run or another state of it
 */
export function readPolicies(
  path: string,
  { settings, afterTask, indices, tasks }: Pick<SavedState, "settings" | "afterTask" | "indices" | "tasks">,
): PolicyWeights[] {
  const { tensors, metadata } = decode(path, readGivenFile(path, LARGEST.document, WORDS));
  const parsed = metadataSchema.safeParse(metadata);
  if (!parsed.success) throw damagedDocument(path, problemOf(parsed.error), WORDS, parsed.error);
  const { data: origin } = parsed;
  if (origin.settingsHash !== hashSettings(settings))
    throw ofAnother(path, "a run with other settings", "those of the run that is evaluated");
  if (origin.afterTask !== String(afterTask))
    throw ofAnother(
      path,
      `the state after task ${origin.afterTask}`,
      `those of the state after task ${afterTask}`,
    );
  const { spec } = firstOf(tasks, "tasks");
  const shape = policyShape(spec, settings.dynamics.history);
  const [inputs, actions] = [shape.sizes[0]!, spec.action.length];
  return indices.map((index) => {
    const floats = (name: string, size: number): Float32Array => {
      const data = tensors[`${index}.${name}`]?.data;
      if (data instanceof Float32Array && data.length === size && data.every(Number.isFinite)) return data;
      throw damagedDocument(path, `no ${size} finite numbers in ${index}.${name}`, WORDS, undefined);
    };
    return {
      weights: floats("weights", weightCount(shape)),
      normalizer: {
        inputMean: floats("inputMean", inputs),
        inputScale: floats("inputScale", inputs),
        targetMean: floats("targetMean", actions),
        targetStd: floats("targetStd", actions),
      },
    };
  });
}

function ofAnother(path: string, got: string, expected: string): InputError {
  return new InputError({
    what: `${path} holds policies of another planner`,
    got,
    expected,
    todo: WORDS.todo,
  });
}

function decode(path: string, bytes: Uint8Array): SafetensorsFile {
  try {
    return decodeSafetensors(bytes, path);
  } catch (cause) {
    throw cause instanceof InputError ? new InputError({ ...cause.details, ...WORDS, cause }) : cause;
  }
}
