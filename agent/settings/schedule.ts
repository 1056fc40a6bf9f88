import { z } from "zod";
import { elementAt } from "../../sim/core/element.js";
import { Rng } from "../../sim/core/rng.js";

/** Every task once, in the order of the suite. */
export const ONCE = "once";

/** Most visits of a run: learning episodes are seeded by visit, and seeds have 32 bits. */
export const MOST_VISITS = 1000;

/** A schedule in words: its kind and its number. */
export const SCHEDULE_WORDS = /^(?:once|(rounds|random):([1-9]\d{0,3}))$/;

/** What a schedule may be, for messages. */
const SCHEDULE_KINDS =
  'once, rounds:N, random:N, or a list of visits such as [{"task": 1, "steps": 500}, {"task": 2}]';

/** Planned steps of a visit, where it has a number of its own. */
const visitSteps = z.int().min(1).max(100_000_000).optional();

/** `loop.schedule`: words, or a list of visits whose tasks are counted from 1. */
export const scheduleField = z.union(
  [
    z.string().regex(SCHEDULE_WORDS),
    z
      .array(z.strictObject({ task: z.int().min(1), steps: visitSteps }))
      .min(1)
      .max(MOST_VISITS),
  ],
  { error: SCHEDULE_KINDS },
);

/** The visits of a schedule as people write them: tasks by name, or by their number in the suite. */
export const namedVisits = z
  .array(z.strictObject({ task: z.union([z.string(), z.int().min(1)]), steps: visitSteps }))
  .min(1)
  .max(MOST_VISITS);

/** What decides on a schedule. */
export interface ScheduleChoice {
  readonly seed: number;
  readonly tasks: number;
  readonly loop: {
    readonly schedule: z.infer<typeof scheduleField>;
    readonly initialRandomSteps: number;
    readonly stepsPerTask: number;
  };
}

/** A stretch of learning one task. */
export interface Visit {
  /** 0-based, in the suite. */
  readonly task: number;
  /** How often the task was visited before. */
  readonly earlierVisits: number;
  /** Environment steps of random actions at its start: none where the task was visited before. */
  readonly randomSteps: number;
  /** Environment steps planned through the model. */
  readonly plannedSteps: number;
  /** Environment steps of the whole run before it. */
  readonly start: number;
}

/**
 * Which task a run learns when: V visits of K tasks, each task at least once. A visit is a place in the sequence, a task is what is
 * learned there; with `once` both have the same number.
 */
export class Schedule {
  readonly visits: readonly Visit[];
  /** The tasks in the order of their first visits, `[K]`: entry s is the task that a learner calls its task s. */
  readonly order: readonly number[];
  /** How many tasks had been visited when each visit began, that one included, `[V]`. */
  readonly #begun: readonly number[];

  /** @param choice settings of a run, checked by `checkSchedule` (`check-schedule.ts`) */
  constructor(choice: ScheduleChoice) {
    const { initialRandomSteps, stepsPerTask } = choice.loop;
    const visits: Visit[] = [];
    const order: number[] = [];
    const begun: number[] = [];
    const counts = new Map<number, number>();
    let start = 0;
    for (const { task, steps } of listedVisits(choice)) {
      const earlierVisits = counts.get(task) ?? 0;
      counts.set(task, earlierVisits + 1);
      if (earlierVisits === 0) order.push(task);
      const randomSteps = earlierVisits === 0 ? initialRandomSteps : 0;
      const plannedSteps = steps ?? stepsPerTask;
      visits.push({ task, earlierVisits, randomSteps, plannedSteps, start });
      begun.push(order.length);
      start += randomSteps + plannedSteps;
    }
    this.visits = visits;
    this.order = order;
    this.#begun = begun;
  }

  /** A visit, 0-based. */
  at(visit: number): Visit {
    return elementAt(this.visits, visit, "visits");
  }

  /** How many tasks were visited when a visit has begun; 0 before the first, with visit -1. */
  begun(visit: number): number {
    return visit < 0 ? 0 : elementAt(this.#begun, visit, "visits");
  }

  /** Tasks visited when a visit has begun, in the order of their first visits. */
  seen(visit: number): readonly number[] {
    return this.order.slice(0, this.begun(visit));
  }

  /** Environment steps of the run up to the end of a visit. */
  end(visit: number): number {
    const { start } = this.at(visit);
    return start + this.steps(visit);
  }

  /** Environment steps of a visit, random and planned. */
  steps(visit: number): number {
    const { randomSteps, plannedSteps } = this.at(visit);
    return randomSteps + plannedSteps;
  }

  /** The first visit of a task. */
  firstVisit(task: number): number {
    return this.visits.findIndex((visit) => visit.task === task);
  }

  /** Whether every task is visited once, in the order of the suite. */
  get isOnce(): boolean {
    return this.visits.every(({ task }, visit) => task === visit);
  }

  /** Whether a task is visited again. */
  get revisits(): boolean {
    return this.visits.length > this.order.length;
  }
}

interface ListedVisit {
  /** 0-based. */
  readonly task: number;
  /** Planned ones. */
  readonly steps?: number | undefined;
}

/** The tasks of all visits, 0-based, and their planned steps where they have their own. */
function listedVisits({ seed, tasks, loop: { schedule } }: ScheduleChoice): ListedVisit[] {
  if (typeof schedule !== "string") return schedule.map(({ task, steps }) => ({ task: task - 1, steps }));
  const [, kind, count] = SCHEDULE_WORDS.exec(schedule) ?? [];
  if (kind === "random") return randomTasks(tasks, Number(count), seed).map((task) => ({ task }));
  const rounds = kind === "rounds" ? Number(count) : 1;
  return Array.from({ length: rounds * tasks }, (_, visit) => ({ task: visit % tasks }));
}

/**
 * Every task once in random order, then tasks drawn uniformly, each from all but the one before, where there is another. The stream
 * is the run's own for this purpose, so that all methods with the same seed have the same order.
 */
function randomTasks(tasks: number, visits: number, seed: number): number[] {
  const stream = Rng.fromSeed(seed).split("schedule");
  const left = Array.from({ length: tasks }, (_, task) => task);
  const order: number[] = [];
  while (order.length < visits) {
    const among = left.length > 0 ? left : othersThan(order.at(-1), tasks);
    const task = elementAt(among, stream.integer(among.length), "tasks");
    if (left.length > 0) left.splice(left.indexOf(task), 1);
    order.push(task);
  }
  return order;
}

function othersThan(last: number | undefined, tasks: number): number[] {
  const all = Array.from({ length: tasks }, (_, task) => task);
  return tasks === 1 ? all : all.filter((task) => task !== last);
}
