import type { Schedule } from "../settings/schedule.js";
import { type MetricsRecord, visitOf } from "./records.js";
import type { TimingRecord } from "./timing-records.js";

/** What is wrong with where a record says that it belongs. */
interface WrongPlace {
  readonly got: string;
  readonly expected: string;
}

/** Why a record cannot be of a run with a schedule: it has no such task or visit, or the task was not learned then. */
export function wrongPlace(record: MetricsRecord | TimingRecord, schedule: Schedule): WrongPlace | undefined {
  if (record.type === "usage") return undefined;
  const { taskIndex } = record;
  const { order, visits } = schedule;
  if (taskIndex >= order.length) {
    return { got: `task index ${taskIndex}`, expected: `less than the run's ${order.length} tasks` };
  }
  if (record.type === "baseline") return undefined;
  const isAfter = "afterTask" in record;
  const visit = isAfter ? record.afterTask : visitOf(record);
  if (visit >= visits.length) {
    const name = schedule.isOnce ? "task index" : "visit";
    const all = schedule.isOnce ? "tasks" : "visits";
    return { got: `${name} ${visit}`, expected: `less than the run's ${visits.length} ${all}` };
  }
  if (isAfter) {
    if (schedule.seen(visit).includes(taskIndex)) return undefined;
    return { got: `task index ${taskIndex}`, expected: "a task learned so far" };
  }
  const { task } = schedule.at(visit);
  if (task === taskIndex) return undefined;
  return { got: `task index ${taskIndex} in visit ${visit}`, expected: `task index ${task}` };
}
