import { z } from "zod";
import { PROFILES } from "../../sim/core/profiles.js";
import { countField } from "../../sim/core/setting-fields.js";
import { TRAINING_ENGINES } from "../compute.js";
import { ENCODINGS } from "../model/embedding-encoding.js";
import { startField } from "../model/embedding-starts.js";
import { INITS } from "../model/hypernetwork.js";
import { algebraField } from "../model/outputs/hypercomplex-output.js";
import { rankField } from "../model/outputs/low-rank-output.js";
import { OUTPUTS } from "../model/outputs/outputs.js";
import { scheduleField } from "./schedule.js";

const count = (text: string, max?: number) => countField(max).describe(text);

const rate = (text: string) => z.number().gt(0).max(1).describe(text);

const allOrSome = () =>
  z.union([z.literal("all"), z.int().min(1)], { error: '"all", or a whole number from 1' });

const deviation = () => z.number().min(0).max(10);

const endFactor = (group: string) =>
  rate(
    `Factor that the step sizes of ${group} have fallen to, linearly, when a training session ends; 1: constant.`,
  );

const layers = (text: string) => z.array(z.int().min(1).max(4096)).min(1).max(8).describe(text);

const activation = z.enum(["relu", "elu", "tanh"]).describe("Activation after every layer but the last.");

/** Settings that are chosen before any group of them. */
export const choice = {
  suite: z.string().min(1).describe("Task suite; `hypercrl tasks` lists them."),
  profile: z.enum(PROFILES).describe("Set of defaults: minutes on a laptop, or as published."),
  seed: z
    .int()
    .min(0)
    .max(4294967295)
    .describe(
      "Seed that every random stream is split from; the starts of evaluations are the same for all seeds, those of learning as loop.learningStarts says.",
    ),
  tasks: count("Tasks of the suite to learn, from its first.", 1000),
};

/** The groups of settings that all methods and planners share, in the order of `settings.json`. */
export const groups = {
  loop: {
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
    learningEpisodeSteps: z
      .int()
      .min(0)
      .max(1_000_000)
      .describe(
        "Most environment steps of a learning episode, random or planned; 0: as many as the task's episodes have.",
      ),
    learningStarts: z
      .enum(["shared", "seeded", "varied"])
      .describe(
        "Starts of learning episodes. shared: the task's own, the same for all seeds; seeded: the task's own, others for each seed; varied: from the many states that the suite has for learning, others for each seed.",
      ),
    learningModel: z
      .enum(["ensemble", "member"])
      .describe(
        "What an ensemble plans learning episodes with. ensemble: the mean of its members; member: one of them, the next after each training session. With one member both are the same.",
      ),
    explorationStd: z
      .union([deviation(), z.array(deviation()).min(1)], {
        error: "a number from 0 to 10, or one for each action",
      })
      .describe(
        "Standard deviation of the Gaussian noise on planned actions of learning episodes, in halves of an action's range: one number, or one for each action; 0: none.",
      ),
    evaluateTasks: allOrSome().describe(
      "Tasks evaluated after each task but the last: all seen so far, or at most this many of them, the one just learned and others drawn uniformly by the seed; after the last task always all.",
    ),
    schedule: scheduleField.describe(
      "Which task is learned when. once: every task once, in the order of the suite; rounds:N: through all tasks N times; random:N: every task once in an order drawn by the seed, then tasks at random up to N visits; or a list of visits, each with a task by its number and, if they differ, its planned steps.",
    ),
    boundaries: z
      .enum(["told", "detected"])
      .describe(
        "Whether the agent is told when the task changes, and to which. detected: it finds out by its model's errors, begins a new task by itself and goes on with a known one.",
      ),
    detectorRise: z
      .number()
      .gt(1)
      .max(100)
      .describe(
        "loop.boundaries=detected: how many times as large the model's errors become at a change that is to be found.",
      ),
    detectorThreshold: z
      .number()
      .gt(0)
      .max(1e4)
      .describe(
        "loop.boundaries=detected: a change is found when the evidence for it, summed up as a natural logarithm, exceeds this; the higher it is, the fewer false alarms there are and the later a change is found.",
      ),
    detectorWarmUp: count(
      "loop.boundaries=detected: number of planned steps of a new task that show how large errors are without a change; no change can be found before.",
      100_000,
    ),
    detectorWindow: count(
      "loop.boundaries=detected: number of steps after which a change that is suspected, and was not found, is suspected no longer.",
      100_000,
    ),
    mostTasks: count(
      "loop.boundaries=detected: number of tasks that the agent may find; finding one more ends the run.",
      1000,
    ),
    evaluationEpisodes: count("Evaluation episodes per task that is evaluated, after each task.", 1000),
  },
  dynamics: {
    hidden: layers("Hidden layer sizes of the dynamics network."),
    activation,
    normalizeTargets: z.boolean().describe("Scale each predicted difference by its own spread."),
    outputVariance: z
      .boolean()
      .describe("Predict the variance of each difference too; planning uses the mean."),
    history: z
      .int()
      .min(0)
      .max(16)
      .describe(
        "Past changes that the model sees of each quantity that the suite names as moving, such as a gripper whose velocity is not observed; 0: none.",
      ),
    members: count(
      "Networks whose mean is planned with, each with initial weights and minibatches of its own; 1: one network.",
      16,
    ),
    outlierLimit: z
      .number()
      .min(0)
      .max(1e6)
      .describe(
        "Learn from no transition of which a number is further from its median than this many robust standard deviations; 0: from all.",
      ),
    normalizer: z
      .enum(["task", "pooled"])
      .describe(
        "By which means and spreads the model's numbers are scaled. task: by those of each task's own data; pooled: for all tasks by those of the first one learned, so that weights mean the same in every task.",
      ),
  },
  training: {
    batchSize: count("Transitions in a minibatch.", 100_000),
    clipNorm: z
      .number()
      .gt(0)
      .describe("Largest global gradient norm; published for hypernetworks, here the limit of all networks."),
    engine: z
      .enum(TRAINING_ENGINES)
      .describe(
        "What makes a hypernetwork's minibatch steps: the fused kernel, the same with relaxed SIMD (faster, other bits), or one ONNX graph (slower).",
      ),
  },
  hypernetwork: {
    embedding: count("Size of a task embedding.", 4096),
    hidden: layers("Hidden layer sizes of the hypernetwork."),
    activation,
    init: z
      .enum(INITS)
      .describe(
        "How the hypernetwork's last layer starts. xavier: as published; hyperfan: so that generated weights vary as those of a plain network; base: its bias as a plain network, to which its weights add little. chunked always starts as xavier.",
      ),
    learningRate: rate("Adam's step size for the hypernetwork."),
    embeddingLearningRate: rate("Adam's step size for the task embedding."),
    endFactor: endFactor("hypernetwork"),
    beta: z.number().min(0).max(1e6).describe("Weight of the regulariser that holds earlier tasks' weights."),
    regularizedTasks: allOrSome().describe(
      "Earlier tasks regularised at each minibatch: all, or this many drawn uniformly.",
    ),
    coresetSize: count("replay-hypernet: transitions kept of a task."),
    lookAheadEpsilon: z
      .enum(["corrected", "uncorrected"])
      .describe(
        "Adam's ε where the regulariser looks a step ahead: with the bias correction of the real step, or without it as in the published code, which shortens the look-ahead where gradients are tiny.",
      ),
    output: z
      .enum(OUTPUTS)
      .describe(
        "What the hypernetwork generates. full: the weights; low-rank: two factors of a change of each weight matrix of a base that is learned with the first task; hypercomplex: the parts of sums of Kronecker products.",
      ),
    rank: rankField,
    algebra: algebraField,
    encoding: z
      .enum(ENCODINGS)
      .describe(
        "How the hypernetwork reads an embedding. none: as it is; angles: the cosine and sine of an angle for each coordinate, so that all embeddings are equally long.",
      ),
    start: startField,
  },
  // What only coreset, ewc or si use stays here, not in groups of their own: settings.json keeps its order, which its hash
  // depends on.
  mlp: {
    learningRate: rate(
      "Adam's step size for the plain networks, that is for all but the hypernetworks, and for the base of hypernetwork.output=low-rank.",
    ),
    endFactor: endFactor("mlp"),
    coresetSize: count(
      "Transitions that coreset keeps of a task (published: push 100, door 600, cheetah 1000).",
    ),
    ewcLambda: z.number().min(0).max(1e9).describe("ewc: λ, weight of the Fisher penalty."),
    siStrength: z.number().min(0).max(1e9).describe("si: c, weight of the path-integral penalty."),
    siDamping: z.number().gt(0).max(1e3).describe("si: ξ, added to a weight's squared change over a task."),
    ftlRidge: z
      .number()
      .gt(0)
      .max(1e9)
      .describe("ftl: λ, weight of the squares of its readout beside the sum of squared errors."),
  },
};
