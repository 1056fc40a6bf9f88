import { MpcPolicy } from "../../agent/policy.js";
import type { Settings } from "../../agent/settings.js";
import { UsageError } from "../../sim/core/errors.js";
import { type Estimate, estimate } from "../comparison.js";
import { evaluateRun } from "../evaluate-run.js";
import { readRun } from "../run-result.js";
import { table } from "../tables.js";
import { median } from "./measure.js";
import { Stopwatch } from "./stopwatch.js";

type PlannerSettings = Partial<Settings["planner"]>;

/** A planner to compare: what it is chosen by, what its line of the table says, and what replaces a run's settings. */
export interface PlannerVariant {
  readonly id: string;
  readonly text: string;
  readonly planner: PlannerSettings;
}

/** Published CEM: what every planner's budget is measured by. */
const CEM = { name: "cem", samples: 500, elites: 40, iterations: 5 } as const;
const ROLLOUTS = CEM.samples * CEM.iterations;

/** CEM first, because the others are compared with it; then iCEM at a quarter of its samples, the rest at the same. */
export const VARIANTS: readonly PlannerVariant[] = [
  { id: "cem", text: "cem 500 × 5", planner: { ...CEM, warmStart: true } },
  { id: "cem-cold", text: "cem 500 × 5, cold start", planner: { ...CEM, warmStart: false } },
  { id: "icem", text: "icem 500 × 5, shrinking", planner: { ...CEM, name: "icem" } },
  {
    id: "icem-quarter",
    text: "icem 125 × 5, shrinking",
    planner: { ...CEM, name: "icem", samples: CEM.samples / 4, elites: 10 },
  },
  { id: "own", text: "the run's own", planner: {} },
  { id: "mppi", text: "mppi 500 × 5", planner: { ...CEM, name: "mppi" } },
  { id: "pddm", text: "pddm 2500", planner: { name: "pddm", samples: ROLLOUTS } },
  { id: "random", text: "random 2500", planner: { name: "random", samples: ROLLOUTS } },
  { id: "gradient", text: "gradient", planner: { name: "gradient" } },
];

/** Planners by their ids, in the order of the table. @throws UsageError when one is not known */
export function chooseVariants(ids: readonly string[]): PlannerVariant[] {
  const known = VARIANTS.map(({ id }) => id);
  const unknown = ids.find((id) => !known.includes(id));
  if (unknown !== undefined) {
    throw new UsageError({ what: "Unknown planner to compare", got: unknown, expected: known.join(", ") });
  }
  return VARIANTS.filter(({ id }) => ids.includes(id));
}

export interface PlannersOptions {
  /** Finished runs, whose last state is evaluated. */
  readonly runs: readonly string[];
  /** Episodes per task, run and planner. */
  readonly episodes: number;
  readonly variants?: readonly PlannerVariant[];
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
  const { runs, episodes, variants = VARIANTS, say } = options;
  for (const run of runs) readRun(run);
  const watch = new Stopwatch().watch(MpcPolicy.prototype, ["act"]);
  try {
    const results: PlannerResult[] = [];
    for (const variant of variants) {
      const returns: number[][][] = [];
      for (const run of runs) {
        say?.(`Measuring ${variant.text} on ${run} …`);
        const { tasks } = await evaluateRun(run, { planner: variant.planner, episodes, threads: 1 });
        returns.push(tasks.map((task) => task.episodes.map((e) => e.return)));
      }
      results.push({ ...variant, returns, ms: median(watch.takeEach()) });
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
  const base = results[0].returns.map(average);
  const rows = results.map(({ text, returns, ms }) => {
    const means = returns.map(average);
    const shares = means.map((mean, r) => (mean - random[r]) / (base[r] - random[r]));
    return [text, show(estimate(means), 1), show(estimate(shares), 3), ms.toFixed(1)];
  });
  const [first] = results;
  const episodes = first.returns[0][0].length;
  return [
    table(["planner", "mean return", `share of\n${first.text}`, "ms per\naction"], rows),
    `${first.returns.length} run(s), ${first.returns[0].length} tasks after the last was learned, ${episodes} episodes each, same starts for all.`,
    "share: (return - random policy) / (first planner's return - random policy), run by run.",
    "brackets: 95 % bootstrap interval over runs; ms: median of planning one action, one thread.",
  ].join("\n");
}

/** Mean return of the random policy in a finished run, averaged over tasks. @throws InputError when it is not finished */
export function randomReturn(run: string): number {
  return meanOf(readRun(run).random);
}

function meanOf(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0) / values.length;
}

function show({ mean, low, high }: Estimate, digits: number): string {
  return `${mean.toFixed(digits)} [${low.toFixed(digits)}, ${high.toFixed(digits)}]`;
}
