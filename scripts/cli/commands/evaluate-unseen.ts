import { dirname } from "node:path";
import type { UnseenModel } from "../../../agent/model/unseen-dynamics.js";
import { count } from "../../../sim/core/count.js";
import { elementAt, firstOf } from "../../../sim/core/element.js";
import { meanOf } from "../../../sim/core/mean.js";
import { parameterText } from "../../../sim/task-parameters.js";
import { findOracle } from "../../compare/oracle-reference.js";
import { normalise } from "../../compare/scores.js";
import { table } from "../../compare/tables.js";
import { number, percent, wrap } from "../../compare/text.js";
import {
  evaluateRunUnseen,
  type UnseenEvaluation,
  type UnseenOptions,
  type UnseenTask,
} from "../../evaluate/evaluate-unseen.js";
import type { Io } from "../io.js";
import { type EvaluateFlags, figures, giveEvaluation, learnedText, startsText } from "./evaluate.js";

/** `hypercrl evaluate --tasks unseen`: measures a saved state on tasks that it has not learned. Returns the exit code. */
export async function evaluateUnseenCommand(
  folder: string,
  options: UnseenOptions,
  flags: EvaluateFlags,
  io: Io,
): Promise<number> {
  return giveEvaluation(options, flags, io, {
    measure: (all) => evaluateRunUnseen(folder, all),
    report: (evaluation) => {
      const { record: _, ...told } = evaluation;
      return { ...told, tasks: taskFigures(evaluation) };
    },
    text: ({ tasks }, evaluation) => unseenText(evaluation, tasks, io.columns()),
  });
}

/** Mean returns of the random policy and of the oracle on a task. */
interface Reference {
  readonly random: number;
  readonly oracle: number;
}

type TaskFigures = ReturnType<typeof figuresOf>;

function taskFigures(evaluation: UnseenEvaluation): TaskFigures[] {
  const references = oracleReferences(evaluation);
  return evaluation.tasks.map((task) => figuresOf(task, references.get(task.task)));
}

/** What a known oracle of the suite got, by task; none where starts were others than those of the oracle. */
function oracleReferences({ folder, record, starts }: UnseenEvaluation): ReadonlyMap<string, Reference> {
  if (starts !== undefined) return new Map();
  const tasks = record.tasks.map(({ name }) => name);
  const found = findOracle({ suite: record.suite, tasks, record }, undefined, [folder, dirname(folder)]);
  if (!("oracle" in found)) return new Map();
  const { random, returns } = found.oracle;
  return new Map(
    tasks.map((task, j) => {
      const of = (values: readonly number[]) => elementAt(values, j, "tasks of the oracle");
      return [task, { random: of(random), oracle: of(returns) }];
    }),
  );
}

/** The figures of a task; with an oracle also how much of the way from the random policy to it a return is. */
function figuresOf({ task, random, models, ...others }: UnseenTask, reference: Reference | undefined) {
  return {
    task,
    ...others,
    random: meanOf(random.map((episode) => episode.return)),
    ...(reference && { oracle: reference.oracle }),
    models: models.map((played) => {
      const { task: _, ...own } = figures({ task, episodes: played.episodes });
      const share = reference && normalise(own.mean, reference.random, reference.oracle);
      return { ...own, ...(share !== undefined && { oracleShare: share }), ...played };
    }),
  };
}

function unseenText(evaluation: UnseenEvaluation, tasks: readonly TaskFigures[], width: number): string {
  const { afterTask, learned, ...note } = evaluation;
  const first = firstOf(tasks, "tasks");
  const withOracle = first.oracle !== undefined;
  const head = [
    ["task", "random\nreturn", ...first.models.map(({ model }) => `${model}\nreturn`)],
    [
      ...(withOracle ? ["oracle\nreturn", ...first.models.map(({ model }) => `${model}\nof oracle`)] : []),
      ...first.models.map(({ model }) => `${model}\nsuccess`),
    ],
  ];
  const body = tasks.map(({ task, random, oracle, models }) => [
    ...[task, number(random), ...models.map(({ mean }) => number(mean))],
    ...(withOracle ? [number(oracle), ...models.map(({ oracleShare }) => number(oracleShare, 2))] : []),
    ...models.map(({ success }) => percent(success)),
  ]);
  if (tasks.length > 1) body.push(meanRow(tasks, withOracle));
  const perTask = `${count(firstOf(first.models, "models").episodes.length, "episode")} per task and model`;
  return [
    wrap(
      `After ${learnedText(afterTask, learned.length)}, tasks that were not learned, ${perTask}${startsText(note)}:`,
      width,
    ),
    table(head, body, { width }),
    ...tasks.map(({ task, parameters, models }) =>
      wrap(`${task}: ${parameterText(parameters)}; physics is ${mixtureText(models)}`, width),
    ),
    wrap(
      `No step was taken in these tasks. physics: weights between those of learned tasks, by the tasks' parameters; nearest: those of the learned task with the nearest parameters; mean: the mean of all.${withOracle ? " Of oracle: random is 0, the oracle 1." : ""} Returns are undiscounted sums of rewards. Success: as the task defines it.`,
      width,
    ),
  ].join("\n");
}

function meanRow(tasks: readonly TaskFigures[], withOracle: boolean): string[] {
  const mean = (pick: (task: TaskFigures) => number | undefined) =>
    meanOf(tasks.map((task) => pick(task) ?? Number.NaN));
  const { models } = firstOf(tasks, "tasks");
  const perModel = (pick: (model: TaskFigures["models"][number]) => number | undefined) =>
    models.map((_, m) => mean((task) => pick(elementAt(task.models, m, "models"))));
  return [
    ...[
      "mean",
      number(mean(({ random }) => random)),
      ...perModel((model) => model.mean).map((v) => number(v)),
    ],
    ...(withOracle
      ? [
          number(mean(({ oracle }) => oracle)),
          ...perModel((model) => model.oracleShare).map((share) => number(share, 2)),
        ]
      : []),
    ...perModel((model) => model.success).map(percent),
  ];
}

/** `0.50 of 0.6m, 0.50 of 0.8m` */
function mixtureText(models: TaskFigures["models"]): string {
  const physics: UnseenModel = "physics";
  const { mixture } = elementAt(
    models,
    models.findIndex(({ model }) => model === physics),
    "models",
  );
  return Object.entries(mixture)
    .map(([task, share]) => `${number(share, 2)} of ${task}`)
    .join(", ");
}
