import type { Tensor } from "../../sim/core/safetensors.js";
import type { SavedFoundTasks } from "../discovery/found-tasks.js";
import type { SavedDiscovery } from "../discovery/saved-discovery.js";
import type { ReplayBuffer } from "../model/replay-buffer.js";
import { savedRow } from "../model/saved-arrays.js";
import type { SavedArrays } from "./read-arrays.js";

/** Found task, task in the suite, earlier visits and random steps of the present visit. */
const VISIT_NUMBERS = 4;

/** The arrays of the tasks that an agent has found. */
export function foundArrays({ plays, standIns, visit }: SavedFoundTasks): Record<string, Tensor> {
  return {
    "found.plays": savedRow(plays),
    "found.standIns": savedRow(standIns),
    "found.visit": savedRow(visit),
  };
}

/** Inverse of `foundArrays`; undefined where there are none. @throws InputError when one is missing or of another size */
export function readFound(saved: SavedArrays): SavedFoundTasks | undefined {
  if (!saved.has("found.plays")) return undefined;
  const plays = saved.floats("found.plays");
  const standIns = saved.floats("found.standIns");
  const visit = saved.floats("found.visit", VISIT_NUMBERS);
  const [, index = 0] = visit;
  if (Math.max(index, ...standIns) < plays.length) return { plays, standIns, visit };
  throw saved.damaged(`more than the ${plays.length} found tasks in found.visit or found.standIns`);
}

/** The arrays of what an agent has found out of the task that it faces. */
export function discoveryArrays(discovery: SavedDiscovery): Record<string, Tensor> {
  const { sessions, steps, seen, sum, scale, reference, held, heldErrors, counts } = discovery;
  const doubles = (data: Float64Array): Tensor => ({ shape: [data.length], data });
  return {
    "discovery.numbers": doubles(Float64Array.of(sessions, steps, seen, sum)),
    "discovery.scale": savedRow(scale),
    "discovery.reference": doubles(reference),
    "discovery.held": savedRow(held),
    "discovery.heldErrors": doubles(heldErrors),
    "discovery.counts": doubles(counts),
  };
}

/** Inverse of `discoveryArrays`; undefined where there are none. @throws InputError when one is missing or of another size */
export function readDiscovery(
  saved: SavedArrays,
  { inputSize, targetSize }: Pick<ReplayBuffer, "inputSize" | "targetSize">,
): SavedDiscovery | undefined {
  if (!saved.has("discovery.numbers")) return undefined;
  const [sessions = 0, steps = 0, seen = 0, sum = 0] = saved.doubles("discovery.numbers", 4);
  const scale = saved.floats("discovery.scale");
  const reference = saved.doubles("discovery.reference");
  const held = saved.floats("discovery.held");
  const heldErrors = saved.doubles("discovery.heldErrors");
  const counts = saved.doubles("discovery.counts");
  const rows = heldErrors.length / (targetSize + 1);
  const fits =
    (scale.length === 0 || scale.length === targetSize) &&
    reference.length % (targetSize + 1) === 0 &&
    held.length === rows * (inputSize + targetSize);
  if (!fits)
    throw saved.damaged("numbers of other channels in discovery.scale, .reference, .held or .heldErrors");
  return { sessions, steps, seen, sum, scale, reference, held, heldErrors, counts };
}
