import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import {
  chooseStarts,
  EVALUATION_SEED,
  type StartChoice,
  type StartsNote,
} from "../../agent/evaluation/evaluation-starts.js";
import { readSettings } from "../../agent/run/read-run.js";
import type { SuiteRecord } from "../../agent/run/suite-record.js";
import { oracleSettings } from "../../agent/settings/oracle.js";
import { resolveSettings } from "../../agent/settings/resolve.js";
import type { Settings } from "../../agent/settings/schema.js";
import { UsageError } from "../../sim/core/errors.js";
import type { Task, TaskSuite } from "../../sim/task.js";
import { builtinSuites } from "../../tasks/registry.js";
import { type GivenParts, gatherParts } from "../parts/given-parts.js";
import { isModulePath } from "../parts/module-path.js";
import { suiteOfRun } from "../parts/run-parts.js";
import { checkSameSuite, suiteNow } from "../parts/same-suite.js";
import { assignmentsOf } from "../runs/choose-settings.js";
import type { OracleOptions, OracleStart } from "./oracle-evaluation.js";

/** Where a thread finds a suite: by its name among those of the package, or in a module. */
export interface SuiteAddress {
  readonly name: string;
  readonly url?: string | undefined;
}

/** A suite, opened for the oracle, with what it is to play. */
export interface OpenedOracle extends Omit<OracleStart, keyof StartsNote> {
  readonly starts: StartChoice;
  readonly settings: Settings;
  readonly given: GivenParts;
  readonly record: SuiteRecord;
  readonly address: SuiteAddress | undefined;
}

/** @throws UsageError for options that cannot be, InputError for a run or suite that cannot be used */
export async function openOracle(options: OracleOptions): Promise<OpenedOracle> {
  const { run } = options;
  const ofRun = run === undefined ? undefined : readSettings(run);
  const given = await gatherParts({
    ...(options.suite !== undefined && { suite: options.suite }),
    ...(options.planner !== undefined && { planner: options.planner }),
    ...(options.catalog !== undefined && { catalog: options.catalog }),
  });
  const suite =
    run === undefined || ofRun === undefined ? (given.suite ?? noSuite()) : suiteOfRun(run, ofRun, given);
  const most = ofRun?.tasks ?? suite.tasks.length;
  const count = options.tasks ?? most;
  if (count < 1 || count > most) {
    throw new UsageError({
      what: "The number of tasks is out of range",
      got: String(count),
      expected: `1 to ${most}, the tasks of ${run === undefined ? `suite ${suite.name}` : `run ${run}`}`,
    });
  }
  if (run !== undefined) checkSameSuite(run, await suiteNow(suite, most, options), options);
  const tasks = suite.tasks.slice(0, count);
  const seed = options.seed ?? ofRun?.seed ?? 1;
  const settings = oracleSettings(
    suite,
    { seed, planner: given.planner, assignments: assignmentsOf(options) },
    given.catalog,
  );
  return {
    suite: suite.name,
    tasks,
    starts: oracleStarts(options, suite.name, tasks),
    episodes: options.episodes ?? (ofRun ?? quickSettings(suite, given)).loop.evaluationEpisodes,
    seed,
    planner: settings.planner,
    settings,
    given,
    record: await suiteNow(suite, count, options),
    address: addressOf(suite, options.suite),
  };
}

/** Published starts stay those of every evaluation, whatever the seed, so that returns compare with those of runs. */
function oracleStarts(options: OracleOptions, suite: string, tasks: readonly Task[]): StartChoice {
  const choice = chooseStarts(options, suite, tasks);
  return choice.kind === "published" ? { ...choice, seed: EVALUATION_SEED } : choice;
}

function noSuite(): never {
  throw new UsageError({
    what: "Nothing says which tasks the oracle shall play",
    expected: "a run folder, or a suite",
    todo: "Give a run, or --suite NAME; `hypercrl tasks` lists the suites",
  });
}

function quickSettings(suite: TaskSuite, { catalog }: GivenParts): Settings {
  const [method] = catalog.methods;
  return resolveSettings({ suite, method: method!.name, profile: "quick", seed: 1 }, [], catalog);
}

function addressOf(suite: TaskSuite, given: OracleOptions["suite"]): SuiteAddress | undefined {
  if (typeof given === "string" && isModulePath(given)) {
    return { name: suite.name, url: pathToFileURL(resolve(given)).href };
  }
  return builtinSuites.includes(suite) ? { name: suite.name } : undefined;
}
