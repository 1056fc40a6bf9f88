import { elementAt } from "../../sim/core/element.js";
import type { AgentVisit, TaskNumbers } from "../task-numbers.js";

/** What `FoundTasks` is saved as, whole numbers. */
export interface SavedFoundTasks {
  /** Index in the suite of the task that each found task was found on, `[K]`. */
  readonly plays: Float32Array;
  /** Of each task of the suite the found task that stands for it, `[J]`. */
  readonly standIns: Float32Array;
  /** Number of the present visit, of its task, of that task's earlier visits, and random steps at its start, `[4]`. */
  readonly visit: Float32Array;
}

/**
 * The tasks that an agent has found by itself, numbered as they were found. Which of them the agent believes to face is its visit; the
 * world may hold another task.
 */
export class FoundTasks implements TaskNumbers {
  readonly #plays: number[];
  #standIns: readonly number[];
  #number = 0;
  #visit: AgentVisit;

  /**
   * @param first index in the suite of the task that the world holds first
   * @param tasks J, of the suite
   * @param randomSteps at the start of a new task
   */
  constructor(first: number, tasks: number, randomSteps: number) {
    this.#plays = [first];
    this.#standIns = Array.from({ length: tasks }, () => 0);
    this.#visit = { index: 0, task: first, earlierVisits: 0, randomSteps };
  }

  /** K */
  get count(): number {
    return this.#plays.length;
  }

  /** Number of the present visit, 0-based. */
  get number(): number {
    return this.#number;
  }

  /** The present visit, whatever number is asked for: the agent knows no other. */
  at(): AgentVisit {
    return this.#visit;
  }

  /** The found task that was believed in most while the world held a task of the suite, as of the last `standFor`. */
  indexOf(task: number): number {
    return elementAt(this.#standIns, task, "tasks");
  }

  /** @param standIns of each task of the suite the found task that stands for it, `[J]` */
  standFor(standIns: readonly number[]): void {
    this.#standIns = standIns;
  }

  /**
   * Begins a visit to a new task.
   * @param world index in the suite of the task that the world holds: its reward is told with it
   */
  beginNew(world: number, randomSteps: number): void {
    this.#number++;
    this.#visit = { index: this.#plays.length, task: world, earlierVisits: 0, randomSteps };
    this.#plays.push(world);
  }

  /** Begins a visit to a task that was found before. */
  beginAgain(index: number): void {
    this.#number++;
    this.#visit = {
      index,
      task: elementAt(this.#plays, index, "found tasks"),
      earlierVisits: 1,
      randomSteps: 0,
    };
  }

  state(): SavedFoundTasks {
    const { index, earlierVisits, randomSteps } = this.#visit;
    return {
      plays: Float32Array.from(this.#plays),
      standIns: Float32Array.from(this.#standIns),
      visit: Float32Array.of(this.#number, index, earlierVisits, randomSteps),
    };
  }

  restore({ plays, standIns, visit }: SavedFoundTasks): void {
    this.#plays.splice(0, this.#plays.length, ...plays);
    this.#standIns = [...standIns];
    const [number = 0, index = 0, earlierVisits = 0, randomSteps = 0] = visit;
    this.#number = number;
    const task = elementAt(this.#plays, index, "found tasks");
    this.#visit = { index, task, earlierVisits, randomSteps };
  }
}
