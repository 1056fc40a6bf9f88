import { oneOf } from "../../sim/core/one-of.js";
import { benchEnvironment } from "./environment.js";
import { benchFlatCost } from "./flat-cost.js";
import { benchInstructions } from "./instructions.js";
import { benchMembers } from "./members.js";
import { benchMemory } from "./memory.js";
import { benchNoise } from "./noise.js";
import { benchOutputs } from "./outputs.js";
import { benchPeers } from "./peers/peers.js";
import type { TorchProcess } from "./peers/torch-process.js";
import { benchPlanning } from "./planning.js";
import { benchPolicies } from "./policies.js";
import { benchPrecision } from "./precision.js";
import { benchRehearsal } from "./rehearsal.js";
import { joinSections, type Section } from "./result.js";
import { benchRun } from "./run.js";
import { benchTraining } from "./training.js";

/** The parts of the benchmark, in the order in which they run: memory first, while the process is small. */
export const SECTIONS = [
  "memory",
  "flat",
  "planning",
  "precision",
  "policies",
  "training",
  "peers",
  "instructions",
  "outputs",
  "rehearsal",
  "noise",
  "environment",
  "run",
] as const;
export type SectionName = (typeof SECTIONS)[number];

const RUNS: Readonly<Record<SectionName, (torch: TorchProcess | undefined) => Promise<Section>>> = {
  memory: benchMemory,
  flat: benchFlatCost,
  planning: benchPlanning,
  precision: benchPrecision,
  policies: benchPolicies,
  training: async () => joinSections([await benchTraining(), await benchMembers()]),
  peers: benchPeers,
  instructions: benchInstructions,
  outputs: benchOutputs,
  rehearsal: benchRehearsal,
  noise: benchNoise,
  environment: benchEnvironment,
  run: benchRun,
};

export const needsTorch = (names: readonly SectionName[]): boolean => names.includes("peers");

/** Reads `planning,training`. @throws UsageError on an unknown name */
export function parseSections(text: string): SectionName[] {
  const wanted = text.split(",").map((name) => oneOf("benchmark section", name.trim(), SECTIONS));
  return SECTIONS.filter((name) => wanted.includes(name));
}

export function runSection(name: SectionName, torch: TorchProcess | undefined): Promise<Section> {
  return RUNS[name](torch);
}
