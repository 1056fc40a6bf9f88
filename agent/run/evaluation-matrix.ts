import { join } from "node:path";
import { readJsonl } from "../../sim/core/jsonl.js";

/** Returns of one pair: after learning task i, on task j. */
type Returns = readonly number[];

export interface EvaluationJson {
  readonly definition: string;
  readonly tasks: readonly string[];
  /** Per task: every episode's return of the random policy. */
  readonly random: readonly Returns[];
  /** `returns[i][j]`: every episode's return on task j after learning task i, j ≤ i. */
  readonly returns: readonly (readonly Returns[])[];
}

/** R[i][j]: evaluation return on task j after learning task i. */
export class EvaluationMatrix {
  readonly tasks: readonly string[];
  readonly #random: number[][];
  readonly #returns: number[][][];

  constructor(tasks: readonly string[]) {
    this.tasks = tasks;
    this.#random = tasks.map(() => []);
    this.#returns = tasks.map((_, i) => tasks.slice(0, i + 1).map(() => []));
  }

  /** Adds the return of one episode of the random policy on task j. */
  addRandom(j: number, value: number): void {
    this.#random[j].push(value);
  }

  /** Adds the return of one episode on task j after learning task i. */
  add(i: number, j: number, value: number): void {
    this.#returns[i][j].push(value);
  }

  /** Mean return of the random policy on task j; NaN before it was measured. */
  random(j: number): number {
    return meanOf(this.#random[j]);
  }

  /** Mean return on task j after task i; NaN before it was measured. */
  mean(i: number, j: number): number {
    return meanOf(this.#returns[i][j]);
  }

  /** Last task after which every task seen so far was evaluated; -1 before the first. */
  get lastComplete(): number {
    return this.#returns.findLastIndex((row) => row.every((r) => r.length > 0));
  }

  /** What `evaluation.json` holds. */
  toJson(): EvaluationJson {
    return {
      definition:
        "returns[i][j]: returns of the evaluation episodes on task j after learning task i (undiscounted sums of rewards)",
      tasks: this.tasks,
      random: this.#random,
      returns: this.#returns.slice(0, this.lastComplete + 1),
    };
  }

  /** Fills in what a run's metrics log already holds. */
  readLog(folder: string): void {
    for (const record of readJsonl(join(folder, "metrics.jsonl")).records as LoggedEpisode[]) {
      if (record.type === "baseline") this.addRandom(record.taskIndex, record.return);
      if (record.type === "evaluation") this.add(record.afterTask, record.taskIndex, record.return);
    }
  }
}

interface LoggedEpisode {
  readonly type: string;
  readonly afterTask: number;
  readonly taskIndex: number;
  readonly return: number;
}

function meanOf(values: readonly number[]): number {
  return values.length === 0 ? Number.NaN : values.reduce((a, b) => a + b, 0) / values.length;
}
