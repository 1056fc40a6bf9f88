import type { Schedule } from "./settings/schedule.js";

/** A stretch of learning one task, as the agent goes through it. */
export interface AgentVisit {
  /** The learner's number of the task. */
  readonly index: number;
  /** Index in the suite of the task whose reward is planned for. */
  readonly task: number;
  /** How often the learner's task was visited before. */
  readonly earlierVisits: number;
  /** Environment steps of random actions at its start. */
  readonly randomSteps: number;
}

/** How an agent's tasks are numbered: a learner counts them as they come. */
export interface TaskNumbers {
  /** A visit, 0-based. */
  at(visit: number): AgentVisit;
  /** The learner's number of what stands for a task of the suite. */
  indexOf(task: number): number;
}

/** Of an agent that is told which task it faces: those of the schedule. */
export class ScheduledTasks implements TaskNumbers {
  readonly #schedule: Schedule;

  constructor(schedule: Schedule) {
    this.#schedule = schedule;
  }

  at(visit: number): AgentVisit {
    const { task, earlierVisits, randomSteps } = this.#schedule.at(visit);
    return { index: this.indexOf(task), task, earlierVisits, randomSteps };
  }

  indexOf(task: number): number {
    return this.#schedule.order.indexOf(task);
  }
}
