import { expect } from "vitest";
import { type Io, SILENT_IO } from "../../scripts/cli/io.js";
import { createProgram } from "../../scripts/cli/program.js";
import { reportError } from "../../scripts/cli/report-error.js";

/**
 * A run of seconds that still passes through every stage: two tasks, each an episode of random actions, a planned one, and
 * one that the end of the task cuts short.
 */
const stages = (episodeSteps: number) =>
  [
    ...[`loop.initialRandomSteps=${episodeSteps}`, `loop.stepsPerTask=${episodeSteps + 10}`],
    ...[`loop.trainEvery=${episodeSteps / 2}`, "loop.trainIterations=5", "loop.evaluationEpisodes=1"],
    ...["planner.samples=16", "planner.elites=4", "planner.iterations=1", "planner.horizon=3"],
    ...["dynamics.hidden=[16,16]", "tasks=2"],
  ].flatMap((assignment) => ["--set", assignment]);

/** Settings for suites whose episodes have 120 steps, such as the default one, or fewer. */
export const TINY_SETTINGS = stages(120);
/** A sweep of the suite whose episodes take least processor time. */
export const TINY_SWEEP = ["--suite", "reacher", ...stages(50)];
/** A run with the default suite; further threads would only take time to start. */
export const TINY_PUSH = ["--threads", "1", ...TINY_SETTINGS];
/** A run for tests to which the suite does not matter. */
export const TINY = ["--threads", "1", ...TINY_SWEEP];

export interface Finished {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs the command line within this process, which is much quicker than a process of its own where neither the process nor
 * a signal to it matters.
 */
export async function call(args: readonly string[]): Promise<Finished> {
  let stdout = "";
  let stderr = "";
  let code = 0;
  const io: Io = {
    ...SILENT_IO,
    out: (text) => {
      stdout += `${text}\n`;
    },
    err: (text) => {
      stderr += `${text}\n`;
    },
  };
  try {
    const program = createProgram(io, (exitCode) => {
      code ||= exitCode;
    });
    await program.parseAsync(args, { from: "user" });
  } catch (error) {
    code = reportError(error, io);
  }
  return { code, signal: null, stdout, stderr };
}

/** Text as it was before it was broken to fit a terminal. */
export function unwrapped(text: string): string {
  return text.replace(/\n {2}(?=\S)/g, " ");
}

/** One message, no stack trace, and the exit code. */
export function expectOneError({ code, stderr }: Finished, exitCode: number, message: RegExp): void {
  expect(unwrapped(stderr)).toMatch(message);
  expect(stderr.match(/^error:/gm)).toHaveLength(1);
  expect(stderr).not.toMatch(/^ {4}at /m);
  expect(code).toBe(exitCode);
}
