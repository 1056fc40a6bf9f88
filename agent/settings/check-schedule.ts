import { count } from "../../sim/core/count.js";
import { elementAt } from "../../sim/core/element.js";
import { UsageError } from "../../sim/core/errors.js";
import { findNamed } from "../../sim/core/one-of.js";
import { MOST_VISITS, namedVisits, SCHEDULE_WORDS, Schedule, type ScheduleChoice } from "./schedule.js";
import type { Settings } from "./schema.js";

/**
 * Gives the tasks of a list of visits their numbers, where they are named.
 * @param schedule as given, of any kind
 * @param tasks of the suite
 * @throws UsageError with the nearest name for one that no task has
 */
export function numberedTasks(schedule: unknown, tasks: readonly { readonly name: string }[]): unknown {
  const named = namedVisits.safeParse(schedule);
  if (!named.success) return schedule;
  return named.data.map(({ task, steps }) => ({
    task: typeof task === "number" ? task : tasks.indexOf(findNamed("task", task, tasks)) + 1,
    ...(steps !== undefined && { steps }),
  }));
}

/** What must be known of a method to say which schedules it can follow. */
interface LearnsAgain {
  readonly name: string;
  readonly revisits?: boolean;
}

/**
 * @param names of the suite's tasks
 * @throws UsageError for a schedule that the run's tasks, its other settings or its method do not allow
 */
export function checkSchedule(
  choice: ScheduleChoice & { readonly loop: Pick<Settings["loop"], "trainEvery" | "boundaries"> },
  names: readonly string[],
  method: LearnsAgain,
): void {
  const { tasks, loop } = choice;
  const { schedule } = loop;
  if (typeof schedule === "string") checkWords(schedule, tasks);
  else checkVisits(schedule, names.slice(0, tasks), names);
  if (loop.boundaries === "detected") checkDiscovers(method);
  const { visits, revisits } = new Schedule(choice);
  if (!revisits) return;
  if (method.revisits !== true) {
    throw new UsageError({
      what: `Method ${method.name} cannot learn a task again`,
      got: `loop.schedule ${JSON.stringify(schedule)}, which visits a task more than once`,
      expected: `once, random:${tasks}, or a list that has every task once`,
      todo: "Choose another method, or such a schedule",
    });
  }
  const short = visits.findIndex(
    ({ earlierVisits, plannedSteps }) => earlierVisits > 0 && plannedSteps <= loop.trainEvery,
  );
  if (short < 0) return;
  throw new UsageError({
    what: `Visit ${short + 1} of loop.schedule would learn nothing`,
    got: `${elementAt(visits, short, "visits").plannedSteps} planned steps of a task that was visited before`,
    expected: `more than ${loop.trainEvery}, loop.trainEvery: the first training session comes after so many`,
    todo: "Give it more steps, or lower loop.trainEvery",
  });
}

/** @throws UsageError when a method cannot go on with a task that turns out to be a known one */
function checkDiscovers(method: LearnsAgain): void {
  if (method.revisits === true) return;
  throw new UsageError({
    what: `Method ${method.name} cannot find its tasks by itself`,
    got: "loop.boundaries=detected, and a method that cannot learn a task again",
    expected:
      "loop.boundaries=told, or a method that can, since a task that is recognised goes on being learned",
    todo: "Choose another method, such as hypercrl, or leave loop.boundaries out",
  });
}

/**
 * Checks that a run's schedule visits its tasks, all of them and no others, as a file that was changed by hand need not.
 * @throws UsageError
 */
export function checkTasksVisited({ tasks, loop: { schedule } }: ScheduleChoice): void {
  const names = Array.from({ length: tasks }, (_, task) => `task ${task + 1}`);
  if (typeof schedule === "string") checkWords(schedule, tasks);
  else checkVisits(schedule, names, names);
}

function checkWords(schedule: string, tasks: number): void {
  const [, kind, text] = SCHEDULE_WORDS.exec(schedule) ?? [];
  const number = Number(text);
  const visits = kind === "rounds" ? number * tasks : number;
  if (kind === undefined || (visits >= tasks && visits <= MOST_VISITS)) return;
  throw new UsageError({
    what: "Setting loop.schedule is out of range",
    got: `${schedule}, ${count(visits, "visit")} of ${count(tasks, "task")}`,
    expected: `from ${tasks}, each task once, to ${MOST_VISITS} visits`,
    todo: `Choose another number, such as ${kind}:${kind === "rounds" ? 2 : 2 * tasks}`,
  });
}

/** @param learned names of the tasks that are learned, @param names of all of the suite */
function checkVisits(
  visits: readonly { readonly task: number }[],
  learned: readonly string[],
  names: readonly string[],
): void {
  const beyond = visits.findIndex(({ task }) => task > learned.length);
  if (beyond >= 0) {
    const { task } = elementAt(visits, beyond, "visits");
    const name = names[task - 1];
    throw new UsageError({
      what: `Visit ${beyond + 1} of loop.schedule is of a task that is not learned`,
      got: name === undefined ? `task ${task}` : `task ${task}, ${name}`,
      expected: `one of the first ${learned.length}: ${learned.join(", ")}`,
      todo:
        name === undefined
          ? `The suite has ${names.length} tasks`
          : `Learn more tasks with --tasks ${task}, or leave the visit out`,
    });
  }
  const missing = learned.findIndex((_, j) => visits.every(({ task }) => task !== j + 1));
  if (missing < 0) return;
  throw new UsageError({
    what: "A task is never visited by loop.schedule",
    got: `no visit of task ${missing + 1}, ${elementAt(learned, missing, "tasks")}`,
    expected: "at least one visit of every task that is learned",
    todo: "Add a visit of it, or learn fewer tasks with --tasks",
  });
}
