import { join } from "node:path";
import type { Command } from "commander";
import fc from "fast-check";
import { type Io, SILENT_IO } from "../cli/io.js";
import { createProgram } from "../cli/program.js";
import type { FuzzKind } from "./kind.js";

/** A word of a command line; `{folder}` stands for the folder of inputs. */
const PATHS = [
  "{folder}/run",
  "{folder}/begun",
  "{folder}/sweep",
  "{folder}/compare.json",
  "{folder}/episode.mcap",
  "{folder}/run/episodes",
  "{folder}/victim",
  "{folder}/victim/thesis.tex",
  "{folder}/none",
  "{folder}/new/deep/er",
  `{folder}/${"x".repeat(300)}`,
  "{folder}/\u001b[2J",
  "/dev/null",
];
const WORDS = [
  ...[
    "",
    " ",
    "-",
    "--",
    "-1",
    "0",
    "1",
    "2",
    "3.5",
    "1e9",
    "4294967295",
    "4294967296",
    "99999999999999999999",
  ],
  ...["NaN", "true", "null", "[]", "{}", "x".repeat(5000), "é", "\u001b[31m", "__proto__", "constructor"],
  ...[
    "push",
    "door",
    "cartpole",
    "reacher",
    "hypercrl",
    "single,finetune",
    "cem",
    "random",
    "quick",
    "paper",
  ],
  ...["1-3", "3-1", "1,2", "1-2000", ",", "1,,2", "plans", "hypercrl,hypercrl", "published", "varied"],
];
const SETTINGS = [
  ...["tasks", "seed", "suite", "method", "profile", "planner.name", "planner.samples", "planner.horizon"],
  ...[
    "planner.initialStd",
    "planner.elites",
    "dynamics.hidden",
    "hypernetwork.hidden",
    "hypernetwork.embedding",
  ],
  ...["loop.bufferCapacity", "loop.stepsPerTask", "loop.initialRandomSteps", "loop.evaluationEpisodes"],
  ...["planner.holdReward", "planner.annealIterations", "planner.annealHorizon", "planner.knots"],
  "planner.precision",
  ...["planner.polishSteps", "planner.polishRate", "planner.polishPlans", "dynamics.history"],
  ...["dynamics.members", "loop.learningModel", "hypernetwork.output", "hypernetwork.rank"],
  ...["hypernetwork.algebra", "hypernetwork.init", "hypernetwork.encoding", "hypernetwork.start"],
  ...["loop.learningEpisodeSteps", "loop.learningStarts", "loop.explorationStd", "loop.evaluateTasks"],
  ...["loop.schedule", "dynamics.normalizer"],
  ...["loop.boundaries", "loop.detectorRise", "loop.detectorThreshold", "loop.detectorWarmUp"],
  ...["loop.detectorWindow", "loop.mostTasks"],
  ...["loop.trainIterations", "loop.trainEvery", "loop.trainLag", "loop.randomHold", "training.engine"],
  ...[
    "training.batchSize",
    "training.learningRate",
    "nothing",
    "planner",
    "planner.",
    ".",
    "planner.__proto__",
  ],
];
const VALUES = [
  ...["0", "-1", "1", "2.5", "1e300", "1e9", "4096", "null", "true", '""', '"x"', "[]", "{}", "[1,2,3]"],
  ...["[4096,4096]", "[1,1,1,1,1,1,1,1,1,1,1,1]", "[0]", "[[1]]", "NaN", "Infinity", "x", "[1", '{"a":1}'],
  ...["false", "seeded", "varied"],
  ...["low-rank", "hypercomplex", "base", "angles"],
];

const assignment = fc
  .tuple(fc.constantFrom(...SETTINGS), fc.constantFrom("=", "=", "=", "", "=="), fc.constantFrom(...VALUES))
  .map((parts) => parts.join(""));
const path = fc.constantFrom(...PATHS);
const word = fc.oneof(fc.constantFrom(...WORDS), path, assignment, fc.string({ maxLength: 20 }));

/** Options that open windows or listen, which a campaign must not do. */
const NEVER = new Set(["--open", "--port", "--view", "--view-port", "--help", "--version"]);
/** Options whose values are paths that are written. */
const WRITES = /^--(out|onnx|export|recordings)$/;

/** A process that is asked to stop from the beginning, so that no command goes on for long. */
const IO: Io = { ...SILENT_IO, stopSignal: () => AbortSignal.abort("SIGTERM") };

/** Words after a command: its options with values that may fit, and arguments. */
function wordsOf(command: Command): fc.Arbitrary<readonly string[]> {
  const options = command.options
    .filter(({ long }) => long !== undefined && !NEVER.has(long))
    .map((option) => {
      const flag = option.long ?? "";
      if (!option.required && !option.optional) return fc.constant([flag]);
      const value = flag === "--set" ? assignment : WRITES.test(flag) ? path : word;
      return value.map((text) => [flag, text]);
    });
  const parts = fc.oneof(
    ...options,
    path.map((text) => [text]),
    word.map((text) => [text]),
  );
  return fc
    .array(parts, { maxLength: 5 })
    .map((list) => [command.name(), ...list.flat()])
    .map((words) => (command.name() === "view" ? [...words, "--port", "0"] : words));
}

const program = createProgram(IO, () => {});
// An export that is asked for does not serve.
const commands = program.commands.map(wordsOf);

/** Command lines from the program's own commands and options. */
export const commandKind: FuzzKind<readonly string[]> = {
  name: "command line",
  cases: fc.oneof(
    { weight: 20, arbitrary: fc.oneof(...commands) },
    { weight: 1, arbitrary: fc.array(word, { maxLength: 4 }) },
  ),
  async run(folder, words) {
    process.chdir(join(folder, "working"));
    const args = words.map((text) => text.replace("{folder}", folder));
    await createProgram(IO, () => {}).parseAsync(args, { from: "user" });
  },
};
