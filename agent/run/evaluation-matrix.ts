import { z } from "zod";
import { elementAt } from "../../sim/core/element.js";
import { meanOf } from "../../sim/core/mean.js";
import { type EvaluatedChoice, evaluatedTasks } from "../settings/evaluated-tasks.js";
import { Schedule } from "../settings/schedule.js";
import { figure, type MetricsRecord } from "./records.js";

/** Returns of the E episodes of one evaluation, `[E]`. */
const returns = z.array(figure);

/** `evaluation.json`; K tasks, V visits. */
export const evaluationSchema = z
  .object({
    /** For people, of `returns`. */
    definition: z.string(),
    /** Names, `[K]`. */
    tasks: z.array(z.string()).min(1),
    /** Index of the task of each visit, `[V]`; missing where every task is visited once, in the order of the suite. */
    visits: z.array(z.int().min(0)).min(1).optional(),
    /** Of the random policy on each task, `[K]`. */
    random: z.array(returns),
    /**
     * `returns[i][j]`: on task j after visit i; empty where it was not evaluated then. i goes up to the last visit after which all
     * that were to be evaluated were. Without `visits`, visit i is of task i, and j ≤ i.
     */
    returns: z.array(z.array(returns)),
  })
  .refine(({ tasks, random }) => random.length === tasks.length, {
    path: ["random"],
    message: "expected one list for each task",
  })
  .refine(({ tasks, visits = [] }) => visits.every((task) => task < tasks.length), {
    path: ["visits"],
    message: "expected indices of the tasks",
  })
  .refine(
    ({ tasks, visits, returns: rows }) =>
      rows.length <= (visits ?? tasks).length &&
      rows.every((row, i) => row.length === (visits === undefined ? i + 1 : tasks.length)),
    {
      path: ["returns"],
      message:
        "expected a row for each visit, with all tasks, or where `visits` is missing with the tasks until then",
    },
  );

/** What `evaluation.json` holds. */
export type EvaluationJson = z.output<typeof evaluationSchema>;

const definitionOf = (moment: string) =>
  `returns[i][j]: returns of the evaluation episodes on task j after ${moment} (undiscounted sums of rewards)`;

/** R[i][j]: evaluation return on task j after visit i, which is that of learning task i where every task is visited once, in order. */
export class EvaluationMatrix {
  readonly tasks: readonly string[];
  readonly #visits: readonly number[] | undefined;
  readonly #random: number[][];
  readonly #returns: number[][][];
  readonly #evaluated: (afterVisit: number) => readonly number[];

  /**
   * @param tasks names, `[K]`
   * @param evaluated indices of the tasks to be evaluated after a visit; by default all until then
   * @param visits index of the task of each visit, `[V]`; by default every task is visited once, in order
   */
  constructor(
    tasks: readonly string[],
    evaluated: (afterVisit: number) => readonly number[] = (i) => Array.from({ length: i + 1 }, (_, j) => j),
    visits?: readonly number[],
  ) {
    this.tasks = tasks;
    this.#visits = visits;
    this.#evaluated = evaluated;
    this.#random = tasks.map(() => []);
    this.#returns = (visits ?? tasks).map((_, i) =>
      (visits === undefined ? tasks.slice(0, i + 1) : tasks).map(() => []),
    );
  }

  /** That of a run. */
  static of(settings: EvaluatedChoice, tasks: readonly string[]): EvaluationMatrix {
    const schedule = new Schedule(settings);
    const visits = schedule.isOnce ? undefined : schedule.visits.map(({ task }) => task);
    return new EvaluationMatrix(tasks, (visit) => evaluatedTasks(settings, visit, schedule), visits);
  }

  /** Adds the return of one episode of the random policy on task j. */
  addRandom(j: number, value: number): void {
    this.#randomOf(j).push(value);
  }

  /** Adds the return of one episode on task j after visit i. */
  add(i: number, j: number, value: number): void {
    this.#returnsOf(i, j).push(value);
  }

  /** Adds what a record of `metrics.jsonl` says, if it is of such an episode. */
  accept(record: MetricsRecord): void {
    if (record.type === "baseline") this.addRandom(record.taskIndex, record.return);
    if (record.type === "evaluation") this.add(record.afterTask, record.taskIndex, record.return);
  }

  /** Mean return of the random policy on task j; NaN before it was measured. */
  random(j: number): number {
    return meanOf(this.#randomOf(j));
  }

  /** Mean return on task j after visit i; NaN where it was not measured. */
  mean(i: number, j: number): number {
    return meanOf(this.#returnsOf(i, j));
  }

  /** Last visit after which every task that was to be evaluated then was; -1 before the first. */
  get lastComplete(): number {
    return this.#returns.findLastIndex((_, i) =>
      this.#evaluated(i).every((j) => this.#returnsOf(i, j).length > 0),
    );
  }

  #randomOf(j: number): number[] {
    return elementAt(this.#random, j, "tasks");
  }

  #returnsOf(i: number, j: number): number[] {
    return elementAt(elementAt(this.#returns, i, "visits"), j, "evaluated tasks");
  }

  /** What `evaluation.json` holds. */
  toJson(): EvaluationJson {
    const returns = this.#returns.slice(0, this.lastComplete + 1);
    const gaps = returns.flat().some(({ length }) => length === 0);
    const visits = this.#visits;
    const definition = definitionOf(
      visits === undefined ? "learning task i" : "visit i, that of task visits[i]",
    );
    return {
      definition: gaps ? `${definition}; an empty list: not evaluated then` : definition,
      tasks: [...this.tasks],
      ...(visits !== undefined && { visits: [...visits] }),
      random: this.#random,
      returns,
    };
  }
}
