import { z } from "zod";
import { elementAt } from "../../sim/core/element.js";
import { meanOf } from "../../sim/core/mean.js";
import { figure, type MetricsRecord } from "./records.js";

/** Returns of the E episodes of one evaluation, `[E]`. */
const returns = z.array(figure);

/** `evaluation.json`; K tasks. */
export const evaluationSchema = z
  .object({
    /** For people, of `returns`. */
    definition: z.string(),
    /** Names, `[K]`. */
    tasks: z.array(z.string()).min(1),
    /** Of the random policy on each task, `[K]`. */
    random: z.array(returns),
    /**
     * `returns[i][j]`: on task j after learning task i, j ≤ i; empty where it was not evaluated then. i goes up to the last task
     * after which all that were to be evaluated were.
     */
    returns: z.array(z.array(returns)),
  })
  .refine(({ tasks, random }) => random.length === tasks.length, {
    path: ["random"],
    message: "expected one list for each task",
  })
  .refine(
    ({ tasks, returns: rows }) => rows.length <= tasks.length && rows.every((row, i) => row.length === i + 1),
    {
      path: ["returns"],
      message: "expected a row for each task learned, with the tasks until then",
    },
  );

/** What `evaluation.json` holds. */
export type EvaluationJson = z.output<typeof evaluationSchema>;

const DEFINITION =
  "returns[i][j]: returns of the evaluation episodes on task j after learning task i (undiscounted sums of rewards)";

/** R[i][j]: evaluation return on task j after learning task i. */
export class EvaluationMatrix {
  readonly tasks: readonly string[];
  readonly #random: number[][];
  readonly #returns: number[][][];
  readonly #evaluated: (afterTask: number) => readonly number[];

  /**
   * @param tasks names, `[K]`
   * @param evaluated indices of the tasks to be evaluated after a task; by default all until then
   */
  constructor(
    tasks: readonly string[],
    evaluated: (afterTask: number) => readonly number[] = (i) => Array.from({ length: i + 1 }, (_, j) => j),
  ) {
    this.tasks = tasks;
    this.#evaluated = evaluated;
    this.#random = tasks.map(() => []);
    this.#returns = tasks.map((_, i) => tasks.slice(0, i + 1).map(() => []));
  }

  /** Adds the return of one episode of the random policy on task j. */
  addRandom(j: number, value: number): void {
    this.#randomOf(j).push(value);
  }

  /** Adds the return of one episode on task j after learning task i. */
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

  /** Mean return on task j after task i; NaN where it was not measured. */
  mean(i: number, j: number): number {
    return meanOf(this.#returnsOf(i, j));
  }

  /** Last task after which every task that was to be evaluated then was; -1 before the first. */
  get lastComplete(): number {
    return this.#returns.findLastIndex((_, i) =>
      this.#evaluated(i).every((j) => this.#returnsOf(i, j).length > 0),
    );
  }

  #randomOf(j: number): number[] {
    return elementAt(this.#random, j, "tasks");
  }

  #returnsOf(i: number, j: number): number[] {
    return elementAt(elementAt(this.#returns, i, "tasks"), j, "evaluated tasks");
  }

  /** What `evaluation.json` holds. */
  toJson(): EvaluationJson {
    const returns = this.#returns.slice(0, this.lastComplete + 1);
    const gaps = returns.flat().some(({ length }) => length === 0);
    return {
      definition: gaps ? `${DEFINITION}; an empty list: not evaluated then` : DEFINITION,
      tasks: [...this.tasks],
      random: this.#random,
      returns,
    };
  }
}
