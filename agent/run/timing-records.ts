import { z } from "zod";
import { index, visit } from "./records.js";

const milliseconds = z.number();

/** How long a training session took; `taskIndex`, `visit` and `steps` as in its record of `metrics.jsonl`. */
const trainingTime = z.object({
  type: z.literal("training"),
  taskIndex: index,
  visit,
  steps: index,
  /** From its start until its weights were taken over. */
  ms: milliseconds,
  /** The part of it that nothing else was done in. */
  waitedMs: milliseconds,
});

/** How long planning took in a learning episode; early versions did not note it. */
const planningTime = z.object({
  type: z.literal("planning"),
  taskIndex: index,
  visit,
  /** Environment steps made in the visit until the episode's end. */
  steps: index,
  /** Actions planned in the episode. */
  actions: z.int().min(1),
  /** For all of them together. */
  ms: milliseconds,
});

/** What a process has used so far of the machine, noted every few seconds; the last one of a session counts. */
const usage = z.object({
  type: z.literal("usage"),
  /** When the process took up the run, ms since 1970: tells it from others that worked on the run. */
  session: z.number(),
  /** Wall time since then. */
  wallMs: milliseconds,
  /** Processor time of all its threads since then; early versions did not note it. */
  cpuMs: milliseconds.optional(),
  /** Largest resident memory, MiB. */
  peakMiB: z.number(),
});

/** A line of `timing.jsonl` after the first. */
export const timingSchema = z.discriminatedUnion("type", [trainingTime, planningTime, usage]);

/** A line of `timing.jsonl` after the first, as readers see it. */
export type TimingRecord = z.output<typeof timingSchema>;
export type TrainingTime = z.output<typeof trainingTime>;
export type PlanningTime = z.output<typeof planningTime>;
export type UsageRecord = z.output<typeof usage>;
