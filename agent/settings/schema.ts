import { closest } from "fastest-levenshtein";
import { z } from "zod";
import { UsageError } from "../../sim/core/errors.js";
import { PLANNERS, planUpdateDefaults, planUpdateFields } from "./planners.js";
import { METHOD_DEFAULTS, SUITE_DEFAULTS } from "./suites.js";

const count = (text: string, max = 100_000_000) => z.int().min(1).max(max).describe(text);
const fraction = (text: string) => z.number().min(0).max(1).describe(text);
const rate = (text: string) => z.number().gt(0).max(1).describe(text);
const endFactor = (group: string) =>
  z
    .number()
    .gt(0)
    .max(1)
    .default(1)
    .describe(
      `Factor that the step sizes of ${group} have fallen to, linearly, when a training session ends; 1: constant.`,
    );
const layers = (text: string) => z.array(z.int().min(1).max(4096)).min(1).max(8).describe(text);
const perAction = (max: number, text: string) => {
  const value = z.number().gt(0).max(max);
  return z
    .union([value, z.array(value).min(1)], { error: `a number in (0, ${max}], or one for each action` })
    .describe(text);
};
const activation = z.enum(["relu", "elu", "tanh"]).describe("Activation after every layer but the last.");

export const METHODS = [
  "hypercrl",
  "chunked",
  "multitask-hypernet",
  "replay-hypernet",
  "finetune",
  "single",
  "multitask",
  "coreset",
  "ewc",
  "si",
  "pnn",
] as const;
export const PROFILES = ["quick", "paper"] as const;

/** Every setting of a run, one sentence and unit per field. The command line and the docs come from it. */
export const settingsSchema = z
  .strictObject({
    suite: z.string().min(1).describe("Task suite; `hypercrl tasks` lists them."),
    method: z.enum(METHODS).describe("How tasks are learned one after another."),
    profile: z.enum(PROFILES).describe("Set of defaults: minutes on a laptop, or as published."),
    seed: z
      .int()
      .min(0)
      .max(4294967295)
      .describe(
        "Seed that every random stream is split from; the starts of episodes are the same for all seeds.",
      ),
    tasks: count("Tasks of the suite to learn, from its first.", 1000),
    loop: z.strictObject({
      initialRandomSteps: count("Environment steps of uniform random actions at the start of a task."),
      randomHold: count("Environment steps for which each random action is held.", 1000),
      stepsPerTask: count("Environment steps planned through the model, per task."),
      trainEvery: count("Planned steps between training sessions."),
      trainIterations: count("Minibatches in a training session."),
      trainLag: z
        .int()
        .min(0)
        .describe(
          "Planned steps made with the old weights while a session runs in the background; 0 waits for it.",
        ),
      bufferCapacity: count("Transitions the replay buffer of a task holds; then the oldest is overwritten."),
      evaluationEpisodes: count("Evaluation episodes per task seen so far, after each task.", 1000),
    }),
    dynamics: z.strictObject({
      hidden: layers("Hidden layer sizes of the dynamics network."),
      activation,
      normalizeTargets: z.boolean().describe("Scale each predicted difference by its own spread."),
      outputVariance: z
        .boolean()
        .describe("Predict the variance of each difference too; planning uses the mean."),
    }),
    training: z.strictObject({
      batchSize: count("Transitions in a minibatch.", 100_000),
      clipNorm: z
        .number()
        .gt(0)
        .describe(
          "Largest global gradient norm; published for hypernetworks, here the limit of all networks.",
        ),
      engine: z
        .enum(["fused", "graph"])
        .describe(
          "What makes a hypernetwork's minibatch steps: the fused kernel, or one ONNX graph (slower).",
        ),
    }),
    hypernetwork: z.strictObject({
      embedding: count("Size of a task embedding.", 4096),
      hidden: layers("Hidden layer sizes of the hypernetwork."),
      activation,
      init: z
        .enum(["xavier", "hyperfan"])
        .describe("Initial scale of the hypernetwork's last layer; chunked always starts as xavier."),
      learningRate: rate("Adam's step size for the hypernetwork."),
      embeddingLearningRate: rate("Adam's step size for the task embedding."),
      endFactor: endFactor("hypernetwork"),
      beta: z
        .number()
        .min(0)
        .max(1e6)
        .describe("Weight of the regulariser that holds earlier tasks' weights."),
      regularizedTasks: z
        .union([z.literal("all"), z.int().min(1)])
        .describe("Earlier tasks regularised at each minibatch: all, or this many drawn uniformly."),
      coresetSize: count("replay-hypernet: transitions kept of a task."),
    }),
    chunked: z.strictObject({
      hidden: layers("chunked: hidden layer sizes of the hypernetwork."),
      chunk: count("chunked: weights generated at a time.", 1_000_000),
      chunkEmbedding: count("chunked: size of a chunk's embedding.", 4096),
    }),
    mlp: z.strictObject({
      learningRate: rate("Adam's step size for the plain networks, that is for all but the hypernetworks."),
      endFactor: endFactor("mlp"),
      coresetSize: count(
        "Transitions that coreset keeps of a task (published: push 100, door 600, cheetah 1000).",
      ),
      ewcLambda: z.number().min(0).max(1e9).describe("ewc: λ, weight of the Fisher penalty."),
      siStrength: z.number().min(0).max(1e9).describe("si: c, weight of the path-integral penalty."),
      siDamping: z.number().gt(0).max(1e3).describe("si: ξ, added to a weight's squared change over a task."),
    }),
    planner: z.strictObject({
      name: z.enum(PLANNERS).describe("Planning algorithm."),
      horizon: count("Actions looked ahead.", 1000),
      samples: count("Action sequences sampled per iteration; icem: in the first.", 1_000_000),
      elites: count("Best sequences the sampling distribution is refitted to.", 100_000),
      iterations: count("cem, icem, mppi: refits or updates per control step.", 1000),
      initialStd: perAction(100, "cem, icem: initial standard deviation, in units of the action."),
      warmStart: z.boolean().describe("Start from the previous plan, shifted by one step."),
      noiseBeta: z.number().min(0).max(10).describe("icem: exponent of the noise's 1/f^β spectrum."),
      decay: z.number().min(1).max(10).describe("icem: factor by which samples shrink each iteration."),
      keepFraction: fraction("icem: share of elites kept for the next iteration and the next step."),
      momentum: fraction("icem: share of the old mean and deviation kept in a refit."),
      lastAction: z
        .enum(["repeat", "middle"])
        .default("repeat")
        .describe(
          "icem: what a shifted plan ends with, its last action once more or the middle of the bounds.",
        ),
      chooseBest: z
        .boolean()
        .default(false)
        .describe("cem: execute the best of one more batch of samples instead of the final mean."),
      ...planUpdateFields,
    }),
  })
  .refine((s) => s.planner.elites <= s.planner.samples, {
    path: ["planner", "elites"],
    error: "a number of elites not above planner.samples",
  });

/** All settings of a run, as `settingsSchema` describes them. */
export type Settings = z.infer<typeof settingsSchema>;

const paper: Omit<Settings, "suite" | "method" | "profile" | "seed" | "tasks"> = {
  loop: {
    initialRandomSteps: 2000,
    randomHold: 1,
    stepsPerTask: 4000,
    trainEvery: 200,
    trainIterations: 2000,
    trainLag: 0,
    bufferCapacity: 6000,
    evaluationEpisodes: 10,
  },
  dynamics: { hidden: [200, 200], activation: "relu", normalizeTargets: false, outputVariance: false },
  training: { batchSize: 100, clipNorm: 5, engine: "fused" },
  hypernetwork: {
    embedding: 10,
    hidden: [50, 50],
    activation: "elu",
    init: "xavier",
    learningRate: 1e-4,
    embeddingLearningRate: 1e-4,
    endFactor: 1,
    beta: 0.05,
    regularizedTasks: "all",
    coresetSize: 100,
  },
  chunked: { hidden: [20, 20], chunk: 2000, chunkEmbedding: 20 },
  mlp: {
    learningRate: 1e-3,
    endFactor: 1,
    coresetSize: 100,
    ewcLambda: 1e4,
    siStrength: 0.1,
    siDamping: 1e-3,
  },
  planner: {
    name: "cem",
    horizon: 20,
    samples: 500,
    elites: 40,
    iterations: 5,
    initialStd: 1,
    warmStart: false,
    noiseBeta: 2,
    decay: 1.25,
    keepFraction: 0.3,
    momentum: 0.1,
    lastAction: "repeat",
    chooseBest: true,
    ...planUpdateDefaults,
  },
};

const quick: typeof paper = {
  ...paper,
  loop: {
    initialRandomSteps: 1200,
    randomHold: 6,
    stepsPerTask: 3000,
    trainEvery: 200,
    trainIterations: 600,
    trainLag: 0,
    bufferCapacity: 4200,
    evaluationEpisodes: 10,
  },
  dynamics: { hidden: [100, 100], activation: "relu", normalizeTargets: true, outputVariance: false },
  hypernetwork: {
    ...paper.hypernetwork,
    init: "hyperfan",
    learningRate: 1e-3,
    embeddingLearningRate: 1e-3,
  },
  planner: {
    ...paper.planner,
    name: "icem",
    horizon: 20,
    samples: 125,
    elites: 10,
    iterations: 5,
    initialStd: 1,
    warmStart: true,
    momentum: 0,
    chooseBest: false,
  },
};

const PROFILE_DEFAULTS: Readonly<Record<Settings["profile"], typeof paper>> = { quick, paper };

/** What a user chooses before any `--set`. */
export interface SettingsChoice {
  readonly suite: string;
  readonly method: string;
  readonly profile: string;
  readonly seed: number;
  /** Tasks in the suite. */
  readonly suiteTasks: number;
}

/**
 * Resolves a choice and `a.b=c` assignments into validated, frozen settings.
 * @throws UsageError on an unknown name, an ill-typed or out-of-range value
 */
export function resolveSettings(choice: SettingsChoice, assignments: readonly string[] = []): Settings {
  const profile = oneOf("profile", choice.profile, PROFILES);
  const method = oneOf("method", choice.method, METHODS);
  const { suite, seed, suiteTasks } = choice;
  const draft: Record<string, unknown> = structuredClone({
    suite,
    method,
    profile,
    seed,
    tasks: suiteTasks,
    ...PROFILE_DEFAULTS[profile],
  });
  const ofSuite = Object.hasOwn(SUITE_DEFAULTS, suite) ? (SUITE_DEFAULTS[suite][profile] ?? []) : [];
  const ofMethod = METHOD_DEFAULTS[method]?.[profile] ?? [];
  for (const assignment of [...ofSuite, ...ofMethod, ...assignments]) assign(draft, assignment);
  const settings = parseSettings(draft, "settings");
  if (settings.tasks > suiteTasks) {
    throw new UsageError({
      what: "Setting tasks is out of range",
      got: String(settings.tasks),
      expected: `at most ${suiteTasks}, the tasks of suite ${suite}`,
      todo: "Leave it out to learn all of them",
    });
  }
  return settings;
}

/**
 * Settings with another planner: `planner.…=…` assignments alone, for where nothing is learned any more.
 * @throws UsageError on any other name, an ill-typed or out-of-range value
 */
export function changePlanner(settings: Settings, assignments: readonly string[]): Settings {
  const draft = structuredClone(settings) as unknown as Record<string, unknown>;
  for (const assignment of assignments) {
    if (!assignment.trimStart().startsWith("planner.")) {
      throw new UsageError({
        what: "Only the planner of a run that has learned can be changed",
        got: `"${assignment}"`,
        expected: "planner.name=value, for example planner.samples=200",
        todo: "Begin a run with `hypercrl train --set` to change anything else",
      });
    }
    assign(draft, assignment);
  }
  return parseSettings(draft, "the planner settings");
}

/** Validates a plain object as settings. @throws UsageError naming the first field that is wrong */
export function parseSettings(value: unknown, source: string): Settings {
  const result = settingsSchema.safeParse(value);
  if (result.success) return deepFreeze(result.data);
  const issue = result.error.issues[0];
  const path = issue.path.join(".");
  const unknown = issue.code === "unrecognized_keys" ? issue.keys : undefined;
  const got = unknown ? unknown.join(", ") : JSON.stringify(valueAt(value, issue.path));
  throw new UsageError({
    what: unknown
      ? `Unknown key in ${source}${path && ` at ${path}`}`
      : path === ""
        ? `There are no settings in ${source}`
        : `Setting ${path} is not valid`,
    got: got ?? "nothing",
    expected: unknown ? undefined! : issue.message.replace(/^[^:]*: expected /, ""),
    todo: "`hypercrl settings` lists every setting with its meaning and defaults",
  });
}

/** Rejects a name that is not on a list, suggesting the nearest. */
export function oneOf<T extends string>(kind: string, name: string, known: readonly T[]): T {
  if ((known as readonly string[]).includes(name)) return name as T;
  throw new UsageError({
    what: `Unknown ${kind}`,
    got: `"${name}"`,
    expected: known.length > 12 ? `one of ${known.length} names` : `one of ${known.join(", ")}`,
    todo: `Did you mean "${closest(name, [...known])}"?`,
  });
}

function assign(draft: Record<string, unknown>, assignment: string): void {
  const at = assignment.indexOf("=");
  if (at < 1) {
    throw new UsageError({
      what: "Cannot read a --set option",
      got: `"${assignment}"`,
      expected: "name=value, for example planner.samples=200",
      todo: "`hypercrl settings` lists every setting with its meaning and defaults",
    });
  }
  const name = assignment.slice(0, at).trim();
  const known = settingNames(draft);
  oneOf("setting", name, known);
  const keys = name.split(".");
  const last = keys.pop()!;
  const owner = keys.reduce((o, key) => o[key] as Record<string, unknown>, draft);
  owner[last] = parseValue(assignment.slice(at + 1).trim());
}

/** Dotted names of every leaf of a settings object. */
export function settingNames(value: object, prefix = ""): string[] {
  return Object.entries(value).flatMap(([key, v]) =>
    typeof v === "object" && v !== null && !Array.isArray(v)
      ? settingNames(v, `${prefix}${key}.`)
      : [prefix + key],
  );
}

function parseValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // A bare word such as `icem` is a string.
    return text;
  }
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((v, key) => (v as Record<PropertyKey, unknown> | undefined)?.[key], value);
}

function deepFreeze<T>(value: T): T {
  if (typeof value === "object" && value !== null) {
    for (const v of Object.values(value)) deepFreeze(v);
    Object.freeze(value);
  }
  return value;
}

/** One line for each setting: name, default by profile for a suite and a method, what it is. @throws UsageError */
export function describeSettings(
  suite = "push",
  method: string = METHODS[0],
): { name: string; quick: string; paper: string; text: string }[] {
  const defaultsOf = (profile: string) => resolveSettings({ suite, method, profile, seed: 1, suiteTasks: 1 });
  const [quick, paper] = [defaultsOf("quick"), defaultsOf("paper")];
  const names = settingNames(quick).filter((name) => name.includes("."));
  return names.map((name) => {
    const path = name.split(".");
    const [group, key] = path as [keyof typeof settingsSchema.shape, string];
    const schema = (settingsSchema.shape[group] as unknown as { shape: Record<string, z.ZodType> }).shape[
      key
    ];
    return {
      name,
      quick: JSON.stringify(valueAt(quick, path)),
      paper: JSON.stringify(valueAt(paper, path)),
      text: schema.description ?? "",
    };
  });
}
