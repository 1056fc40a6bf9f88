import { isDeepStrictEqual } from "node:util";
import { MpcPolicy } from "../../agent/policy.js";
import { readSettings } from "../../agent/run/read-run.js";
import type { Settings } from "../../agent/settings/schema.js";
import { elementAt, firstOf } from "../../sim/core/element.js";
import { UsageError } from "../../sim/core/errors.js";
import { fixed } from "../../sim/core/fixed.js";
import { meanOf } from "../../sim/core/mean.js";
import { medianOf } from "../../sim/core/median.js";
import { estimate } from "../compare/bootstrap.js";
import type { Estimate } from "../compare/estimate.js";
import { intervalText } from "../compare/interval-text.js";
import { readRun } from "../compare/run-result.js";
import { table } from "../compare/tables.js";
import { evaluateRun } from "../evaluate/evaluate-run.js";
import { Stopwatch } from "./stopwatch.js";

type PlannerSettings = Partial<Settings["planner"]>;

/** A planner to compare: what it is chosen by, what its line of the table says, and what replaces a run's settings. */
export interface PlannerVariant {
  readonly id: string;
  readonly text: string;
  readonly planner: PlannerSettings;
}

/** How many times iCEM's sequences CEM samples, as in the comparison this is about. */
const QUARTER = 4;

export const VARIANT_IDS = [
  "cem",
  "cem-cold",
  "icem",
  "icem-quarter",
  "own",
  "mppi",
  "pddm",
  "random",
  "gradient",
] as const;
type VariantId = (typeof VARIANT_IDS)[number];

/**
 * The planners to compare on a run, by id. All but `own`, `icem-quarter` and `gradient` have CEM's budget: the run's own
 * samples and iterations where it plans with cem, and four times its samples where it plans with icem.
 */
export function planVariants(own: Settings["planner"]): Readonly<Record<VariantId, PlannerVariant>> {
  const times = own.name === "icem" ? QUARTER : 1;
  const [samples, elites, { iterations }] = [own.samples * times, own.elites * times, own];
  // Refining would add to the budget.
  const cem = { name: "cem", samples, elites, iterations, polishSteps: 0 } as const;
  const quarter = { samples: samples / QUARTER, elites: Math.max(1, Math.round(elites / QUARTER)) };
  const rollouts = samples * iterations;
  const size = `${samples} × ${iterations}`;
  const { decay } = own;
  const shrinking = (count: number) => `${count} × ${iterations}${decay > 1 ? ", shrinking" : ""}`;
  const variants: Record<VariantId, Omit<PlannerVariant, "id">> = {
    cem: { text: `cem ${size}`, planner: { ...cem, warmStart: true } },
    "cem-cold": { text: `cem ${size}, cold start`, planner: { ...cem, warmStart: false } },
    icem: { text: `icem ${shrinking(samples)}`, planner: { ...cem, name: "icem" } },
    "icem-quarter": {
      text: `icem ${shrinking(quarter.samples)}`,
      planner: { ...cem, name: "icem", ...quarter },
    },
    own: { text: "the run's own", planner: {} },
    mppi: { text: `mppi ${size}`, planner: { ...cem, name: "mppi" } },
    pddm: { text: `pddm ${rollouts}`, planner: { name: "pddm", samples: rollouts } },
    random: { text: `random ${rollouts}`, planner: { name: "random", samples: rollouts } },
    gradient: { text: "gradient", planner: { name: "gradient" } },
  };
  const named = {} as Record<VariantId, PlannerVariant>;
  for (const id of VARIANT_IDS) named[id] = { id, ...variants[id] };
  return named;
}

/**
 * Planners for some runs by their ids, in the order of the table; the first is what the others are compared with.
 * @throws UsageError when one is not known, no run is given, or the runs plan differently
 */
export function chooseVariants(
  runs: readonly string[],
  ids: readonly string[] = VARIANT_IDS,
): PlannerVariant[] {
  const unknown = ids.find((id) => !(VARIANT_IDS as readonly string[]).includes(id));
  if (unknown !== undefined) {
    throw new UsageError({
      what: "Unknown planner to compare",
      got: unknown,
      expected: VARIANT_IDS.join(", "),
    });
  }
  const [own, ...others] = runs.map((run) => readSettings(run).planner);
  if (own === undefined) {
    throw new UsageError({
      what: "There is no run to compare planners on",
      got: "no folder",
      expected: "one or more folders of finished runs",
    });
  }
  const other = others.findIndex((planner) => !isDeepStrictEqual(planner, own));
  if (other !== -1) {
    throw new UsageError({
      what: "Runs to compare planners on must plan alike, for the budget is theirs",
      got: `${runs[other + 1]} with other planner settings than ${runs[0]}`,
      expected: "runs of one sweep, or with the same --set planner.…",
    });
  }
  const variants = planVariants(own);
  return VARIANT_IDS.filter((id) => ids.includes(id)).map((id) => variants[id]);
}

export interface PlannersOptions {
  /** Finished runs, whose last state is evaluated. */
  readonly runs: readonly string[];
  /** Episodes per task, run and planner. */
  readonly episodes: number;
  readonly variants: readonly PlannerVariant[];
  /** Assignments such as `planner.noiseBeta=1` that hold for every planner; what a planner does not have is ignored. */
  readonly assignments?: readonly string[];
  /** Told what is being measured. */
  readonly say?: (text: string) => void;
}

export interface PlannerResult extends PlannerVariant {
  /** `[runs][tasks][episodes]` */
  readonly returns: readonly (readonly (readonly number[])[])[];
  /** Median time of planning one action, one thread, ms. */
  readonly ms: number;
}

/** Lets every planner control the learned models of finished runs; only the planner changes, nothing is learned. */
export async function measurePlanners(options: PlannersOptions): Promise<PlannerResult[]> {
  const { runs, episodes, variants, assignments = [], say } = options;
  for (const run of runs) readRun(run);
  const watch = new Stopwatch().watch(MpcPolicy.prototype, ["act"]);
  try {
    const results: PlannerResult[] = [];
    for (const variant of variants) {
      const returns: number[][][] = [];
      for (const run of runs) {
        say?.(`Measuring ${variant.text} on ${run} …`);
        const changes = Object.entries(variant.planner).map(([name, value]) => [`planner.${name}`, value]);
        const settings = Object.fromEntries(changes);
        const { tasks } = await evaluateRun(run, { settings, assignments, episodes, threads: 1 });
        returns.push(tasks.map((task) => task.episodes.map((e) => e.return)));
      }
      results.push({ ...variant, returns, ms: medianOf(watch.takeEach()) });
    }
    return results;
  } finally {
    watch.stop();
  }
}

/** One run's returns averaged over episodes, then over tasks. */
const average = (run: readonly (readonly number[])[]) => meanOf(run.map(meanOf));

/**
 * A table of what `measurePlanners` found; the first planner is what the others are compared with.
 * @param random mean return of the random policy per run
 */
export function plannersTable(results: readonly PlannerResult[], random: readonly number[]): string {
  const first = firstOf(results, "planners");
  const base = first.returns.map(average);
  const rows = results.map(({ text, returns, ms }) => {
    const means = returns.map(average);
    const shares = means.map((mean, r) => {
      const lowest = elementAt(random, r, "returns of the random policy");
      return (mean - lowest) / (elementAt(base, r, "returns of the first planner") - lowest);
    });
    return [text, show(estimate(means), 1), show(estimate(shares), 3), ms.toFixed(1)];
  });
  const tasks = firstOf(first.returns, "runs");
  const episodes = firstOf(tasks, "tasks").length;
  return [
    table([["planner", "mean return", `share of\n${first.text}`, "ms per\naction"]], rows),
    `${first.returns.length} run(s), ${tasks.length} tasks after the last was learned, ${episodes} episodes each, same starts for all.`,
    "share: (return - random policy) / (first planner's return - random policy), run by run.",
    "brackets: 95 % bootstrap interval over runs, (a … b): range of fewer than five; ms: median of planning one action, one thread.",
  ].join("\n");
}

/** Mean return of the random policy in a finished run, averaged over tasks. @throws InputError when it is not finished */
export function randomReturn(run: string): number {
  return meanOf(readRun(run).random);
}

function show(found: Estimate, digits: number): string {
  return `${fixed(found.mean, digits)} ${intervalText(found, digits)}`.trimEnd();
}
