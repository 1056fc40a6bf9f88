import { spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import { weightCount } from "../../agent/model/network.js";
import { MpcPolicy } from "../../agent/policy.js";
import { PlanningThreads } from "../../agent/rollout/planning-threads.js";
import { elementAt, firstOf } from "../../sim/core/element.js";
import { Rng } from "../../sim/core/rng.js";
import { type Job, medians, timed } from "./measure.js";
import { benchRefining } from "./refining.js";
import { joinSections, named, type Row, type Section } from "./result.js";
import { type Demand, describeLimit, gflops, limitOf, type Rates, rateJobs } from "./roofline.js";
import { type BenchSize, benchSize } from "./sizes.js";

interface OpenPolicy {
  readonly policy: MpcPolicy;
  /** Frees everything that the policy uses. */
  readonly close: () => Promise<void>;
}

/** A way to plan: what it adds to the names of its figures and to its line of the table. */
interface PlanningVariant {
  readonly suffix: string;
  readonly text: string;
  readonly open: (size: BenchSize, rng: Rng) => Promise<OpenPolicy>;
}

/** Starts idle threads once; every plan uses the same. */
async function openWithThreads(
  { task, dynamics, settings, parts }: BenchSize,
  rng: Rng,
): Promise<OpenPolicy> {
  const threads = PlanningThreads.create(2);
  const policy = await MpcPolicy.create(task, dynamics, settings, parts.planner, rng, threads);
  const close = async () => {
    await policy.release();
    await threads.close();
  };
  return { policy, close };
}

const VARIANTS: readonly PlanningVariant[] = [
  {
    suffix: "",
    text: "one thread",
    open: async ({ task, dynamics, settings, parts }, rng) => {
      const policy = await MpcPolicy.create(task, dynamics, settings, parts.planner, rng);
      return { policy, close: () => policy.release() };
    },
  },
  { suffix: ".threads2", text: "two threads", open: openWithThreads },
];

/** One planned action at the published push and door sizes, and what refines plans in the quick profile. */
export async function benchPlanning(): Promise<Section> {
  const sections: Section[] = [];
  for (const name of ["push", "door"] as const) sections.push(await benchOne(benchSize(name)));
  return joinSections([...sections, await benchRefining()]);
}

async function benchOne(size: BenchSize): Promise<Section> {
  const open: OpenPolicy[] = [];
  for (const variant of VARIANTS) open.push(await variant.open(size, Rng.fromSeed(1).split("planner")));
  const { jobs, rates } = await rateJobs(sampledNumbers(size));
  const own: Job[] = [];
  for (const { policy } of open) own.push(await planJob(policy, size));
  const ms = await medians([...own, ...jobs]);
  const busyMs = await whileBusy(() => medians(own));
  for (const { close } of open) await close();
  const measured = rates(ms.slice(own.length));
  const sections = VARIANTS.map((variant, i) => section(size, variant, elementAt(ms, i, "times"), measured));
  return joinSections([...sections, busySection(size, busyMs)]);
}

/** Two threads against one while every core but one has other work. */
function busySection({ name }: BenchSize, ms: readonly number[]): Section {
  const oneMs = elementAt(ms, 0, "times");
  const twoMs = elementAt(ms, 1, "times");
  const row: Row = {
    what: `plan one ${name} action while the other cores are busy, two threads`,
    figure: `${twoMs.toFixed(1)} ms`,
    against: `one thread ${oneMs.toFixed(1)} ms`,
    ratio: (twoMs / oneMs).toFixed(2),
  };
  const figures = named(`planning.${name}.busy`, {
    ms: [oneMs, "ms"],
    threads2: [twoMs, "ms"],
    ratio: [twoMs / oneMs, "ratio"],
  });
  return { figures, rows: [row] };
}

/** Measures while a process of its own keeps each of the other cores busy. */
async function whileBusy<T>(measure: () => Promise<T>): Promise<T> {
  const others = Array.from({ length: availableParallelism() - 1 }, () =>
    spawn(process.execPath, ["-e", "for (;;);"], { stdio: "ignore" }),
  );
  try {
    return await measure();
  } finally {
    for (const child of others) child.kill("SIGKILL");
  }
}

/** Plans with small random weights: what a plan costs does not depend on them. */
async function planJob(policy: MpcPolicy, { dynamics, task }: BenchSize): Promise<Job> {
  const rng = Rng.fromSeed(2);
  const weights = Float32Array.from({ length: weightCount(dynamics) }, () => 0.1 * rng.normal());
  const I = firstOf(dynamics.sizes, "layers of the model");
  const X = task.spec.observation.length;
  await policy.load(weights, {
    inputMean: new Float32Array(I),
    inputScale: new Float32Array(I).fill(1),
    targetMean: new Float32Array(X),
    targetStd: new Float32Array(X).fill(0.001),
  });
  const observation = new Float32Array(X).fill(0.1);
  return timed(() => policy.act(observation, 0));
}

/** Numbers in the action sequences of one iteration. */
function sampledNumbers({ settings, task }: BenchSize): number {
  return settings.planner.samples * settings.planner.horizon * task.spec.action.length;
}

/** Matrix products of all rollouts; samples are written once and read once, activations stay in a cache. */
function planningDemand(size: BenchSize): Demand {
  const { samples, horizon, iterations } = size.settings.planner;
  const { sizes } = size.dynamics;
  const perStep = sizes
    .slice(1)
    .reduce((sum, out, i) => sum + 2 * elementAt(sizes, i, "layers of the model") * out, 0);
  return {
    flop: samples * horizon * iterations * perStep,
    bytes: 8 * iterations * sampledNumbers(size),
  };
}

function section(size: BenchSize, { suffix, text }: PlanningVariant, ms: number, rates: Rates): Section {
  const demand = planningDemand(size);
  const reached = demand.flop / ms / 1e6;
  const { samples, horizon, iterations } = size.settings.planner;
  const net = size.settings.dynamics.hidden.join("-");
  const row: Row = {
    what: `plan one ${size.name} action, ${samples} × ${horizon} × ${iterations}, net ${net}, ${text}`,
    figure: `${ms.toFixed(1)} ms, ${reached.toFixed(0)} GFLOP/s`,
    against: describeLimit(demand, rates),
    ratio: (limitOf(demand, rates).ms / ms).toFixed(2),
  };
  const figures = named(`planning.${size.name}${suffix}`, {
    ms: [ms, "ms"],
    gflops: [reached, "GFLOP/s"],
    machineGflops: [gflops(rates), "GFLOP/s"],
    gemmShare: [reached / gflops(rates), "share"],
    rooflineShare: [limitOf(demand, rates).ms / ms, "share"],
  });
  return { figures, rows: [row] };
}
