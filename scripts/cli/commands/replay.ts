import { dirname, resolve } from "node:path";
import { readSettings } from "../../../agent/run/read-run.js";
import { isRunFolder } from "../../../agent/run/run-files.js";
import { checkHashes } from "../../../agent/run/run-hashes.js";
import type { SuiteRecord } from "../../../agent/run/suite-record.js";
import { count } from "../../../sim/core/count.js";
import { HyperCrlError, InputError } from "../../../sim/core/errors.js";
import { type Episode, readEpisode } from "../../../sim/recording/reader.js";
import { type Verification, verifyEpisode } from "../../../sim/recording/verify.js";
import type { TaskSuite } from "../../../sim/task.js";
import { initPhysics, physicsVersion } from "../../../sim/world.js";
import { measureTitle, table } from "../../compare/tables.js";
import { number, wrap } from "../../compare/text.js";
import { builtinCatalog } from "../../parts/catalog.js";
import { taskOfEpisode } from "../../parts/run-parts.js";
import { checkSameSuite, suiteNow } from "../../parts/same-suite.js";
import { suiteFrom } from "../../parts/suite-file.js";
import { episodesAt } from "../../runs/episode-files.js";
import { type Io, say, sayError, warner } from "../io.js";
import { reportError } from "../report-error.js";

export interface ReplayFlags {
  readonly verify?: boolean;
  /** Module of a suite that does not come with the package. */
  readonly suite?: string;
  readonly acceptChangedSuite?: boolean;
  readonly json?: boolean;
}

/** Rows of the table: every how many steps, in an episode whose table is not too long to be read. */
const SHOWN_EVERY = 10;
/** Numbers that a table may hold: 10,000 steps of 20 columns have less than half of it. */
const MOST_SHOWN = 50_000;
/** Characters of the JSON of an episode: 10,000 steps take 5 million. */
const MOST_JSON = 2 ** 28;

/** `hypercrl replay`: shows episodes, or simulates them again. Returns the exit code, the worst of all episodes. */
export async function replayCommand(paths: readonly string[], flags: ReplayFlags, io: Io): Promise<number> {
  await initPhysics();
  const { suites } = builtinCatalog;
  const among = flags.suite === undefined ? suites : [await suiteFrom(flags.suite, builtinCatalog)];
  const records = flags.verify ? await suitesNow(among, flags) : [];
  const sameSuite = (run: string) => checkSuiteOf(run, records, flags, io);
  let worst = 0;
  // One bad file of many must not hide the others' results.
  const keepGoing = (work: () => number) => {
    try {
      const exitCode = work();
      worst = Math.max(worst, exitCode);
    } catch (error) {
      if (!(error instanceof HyperCrlError)) throw error;
      worst = Math.max(worst, reportError(error, io));
    }
  };
  for (const path of paths) {
    keepGoing(() => {
      const run = isRunFolder(path) ? path : dirname(dirname(resolve(path)));
      if (flags.verify && isRunFolder(path)) keepGoing(() => verifyFiles(path, flags, io));
      if (flags.verify && isRunFolder(run)) sameSuite(run);
      for (const file of episodesAt(path)) {
        keepGoing(() => (flags.verify ? verifyOne(file, among, flags, io) : showOne(file, flags, io)));
      }
      return 0;
    });
  }
  return worst;
}

/** What the suites are that episodes are simulated with. */
function suitesNow(suites: readonly TaskSuite[], { suite }: ReplayFlags): Promise<SuiteRecord[]> {
  return Promise.all(suites.map((one) => suiteNow(one, one.tasks.length, { suite })));
}

/** @throws InputError when the suite that a run is verified with is not the run's */
function checkSuiteOf(run: string, suites: readonly SuiteRecord[], flags: ReplayFlags, io: Io): void {
  const { suite, tasks } = readSettings(run);
  const now = suites.find((one) => one.suite === suite);
  if (now === undefined) return;
  checkSameSuite(run, { ...now, tasks: now.tasks.slice(0, tasks) }, { ...flags, onWarning: warner(io) });
}

/** Compares the files of a finished run with what they were when it was finished. */
function verifyFiles(path: string, { json }: ReplayFlags, io: Io): number {
  const check = checkHashes(path);
  if (check === undefined) {
    sayError(io, `${path}: no hashes of its files, which a run gets when it is finished`);
    return 0;
  }
  const { unchanged, ...different } = check;
  const lines = Object.entries(different).flatMap(([how, files]) =>
    files.map((file) => `${file} was ${VERBS[how as keyof typeof VERBS]}`),
  );
  if (json) io.out(JSON.stringify({ path, ...check }));
  else {
    say(io, `${path}: ${count(unchanged, "file")} unchanged since the run finished`);
    for (const line of lines) say(io, `${path}: ${line} since`);
  }
  return lines.length === 0 ? 0 : 1;
}

const VERBS = { changed: "changed", missing: "removed", added: "added" } as const;

function verifyOne(path: string, suites: readonly TaskSuite[], { json }: ReplayFlags, io: Io): number {
  const episode = readEpisode(path);
  const task = taskOfEpisode(path, episode.header, suites);
  const others = suites.find(({ name }) => name === episode.header.suite)?.tasks;
  const result = verifyEpisode(episode, task, physicsVersion(), others);
  if (json) io.out(JSON.stringify({ path, ...result }));
  else say(io, verificationText(path, result));
  return result.ok ? 0 : 1;
}

function verificationText(path: string, result: Verification): string {
  if (result.ok) return `${path}: ${result.steps} steps and ${result.hashes} state hashes match bit by bit`;
  const { step, quantity, recorded, simulated } = result;
  return `${path}: differs at step ${step}: ${quantity} recorded ${recorded}, simulated ${simulated}`;
}

function showOne(path: string, { json }: ReplayFlags, io: Io): number {
  const episode = readEpisode(path);
  io.out(json ? JSON.stringify(plainEpisode(episode)) : episodeText(episode, io.columns()));
  return 0;
}

function plainEpisode({ path, header, spec, totals, steps }: Episode) {
  checkLength(path, steps);
  const rows = steps.map((step, i) => ({
    step: i + 1,
    ...step,
    action: [...step.action],
    observation: [...step.observation],
  }));
  return { path, header, spec, totals, steps: rows };
}

/** @throws InputError for an episode whose JSON would be too long, by what its names and numbers take at least */
function checkLength(path: string, steps: Episode["steps"]): void {
  const [first] = steps;
  if (first === undefined) return;
  const names = Object.keys(first.measures).reduce((sum, name) => sum + name.length + 4, 0);
  const length = steps.length * (names + 2 * (first.action.length + first.observation.length));
  if (length <= MOST_JSON) return;
  throw new InputError({
    what: `Episode ${path} is too long to print`,
    got: `at least ${length.toLocaleString("en")} characters`,
    expected: `at most ${MOST_JSON.toLocaleString("en")}`,
    todo: "Look at it with `hypercrl view`",
  });
}

function episodeText({ path, header, spec, totals, steps }: Episode, width: number): string {
  const { suite, task, phase, randomSteps, afterTask, visit, seed, versions, switches = [] } = header;
  const keys = Object.keys(steps[0]?.measures ?? {});
  const head = [
    ["step", "time, s", ...spec.action.map(({ name }) => name)],
    ["reward", "return", ...keys.map(measureTitle)],
  ];
  const shownEvery = Math.max(SHOWN_EVERY, Math.ceil((steps.length * head.flat().length) / MOST_SHOWN));
  const rows = steps
    .map((step, i) => ({ ...step, number: i + 1 }))
    .filter(({ number: n }) => n % shownEvery === 0 || n === steps.length)
    .map((step) => [
      String(step.number),
      number(step.number * spec.controlPeriod),
      ...Array.from(step.action, (v) => number(v, 3)),
      number(step.reward, 3),
      number(step.returnSoFar, 2),
      ...keys.map((key) => number(step.measures[key], 2)),
    ]);
  const actions = randomSteps === undefined ? [] : [`the first ${count(randomSteps, "action")} random`];
  const ends = [totals.success ? "success" : "no success", ...(totals.terminated ? ["ended by itself"] : [])];
  const begun = count(afterTask + 1, visit === undefined ? "task" : "visit");
  const changes = switches.map(({ steps, task: name }) => `task ${name} from step ${steps + 1} on`);
  const moment = afterTask < 0 ? "before the first task" : `after beginning ${begun}`;
  return [
    ...[
      path,
      [`suite ${suite}, task ${task}, ${phase} episode ${moment}`, ...actions, `seed ${seed}`].join(", "),
      ...(changes.length > 0 ? [`the task changes: ${changes.join(", ")}`] : []),
      `recorded by hypercrl ${versions.hypercrl} with ${versions.physics}`,
      `${totals.steps} steps of ${spec.controlPeriod} s, return ${number(totals.return, 3)}, ${ends.join(", ")}`,
    ].map((line) => wrap(line, width)),
    table(head, rows, { width, left: 0 }),
  ].join("\n");
}
