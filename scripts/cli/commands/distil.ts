import prettyBytes from "pretty-bytes";
import { count } from "../../../sim/core/count.js";
import { firstOf } from "../../../sim/core/element.js";
import { meanOf } from "../../../sim/core/mean.js";
import { table } from "../../compare/tables.js";
import { number, wrap } from "../../compare/text.js";
import { type Distillation, type DistilOptions, distilRun } from "../../runs/distil-run.js";
import { signalCode } from "../../runs/stop-signals.js";
import { type Io, sayError, warner } from "../io.js";

/** `hypercrl distil`: writes policies that imitate a run's planner. Returns the exit code. */
export async function distilCommand(
  folder: string,
  options: DistilOptions,
  json: boolean,
  io: Io,
): Promise<number> {
  const signal = io.stopSignal();
  const result = await distilRun(folder, { ...options, signal, onWarning: warner(io) });
  if (!result.complete) {
    if (signal.reason !== "SIGPIPE") sayError(io, "Stopped; nothing was written.");
    return signalCode(signal.reason);
  }
  io.out(json ? JSON.stringify(result) : distillationText(folder, result, io.columns()));
  return 0;
}

function distillationText(folder: string, { path, bytes, tasks }: Distillation, width: number): string {
  const { rounds } = firstOf(tasks, "tasks");
  const heads = rounds.map(({ acting }, r) => `${acting},\nround ${r + 1}`);
  const rows = tasks.map((task) => [
    task.task,
    ...task.rounds.map(({ outcomes }) => number(meanOf(outcomes.map((outcome) => outcome.return)))),
  ]);
  const episodes = count(firstOf(rounds, "rounds").outcomes.length, "episode");
  return [
    wrap(`${path}: ${prettyBytes(bytes)}, policies of ${count(tasks.length, "task")}. Mean returns:`, width),
    table([["task", ...heads]], rows, { width }),
    wrap(
      `${episodes} a round, from starts of their own. The file has the policy of each task's best round; \`hypercrl evaluate ${folder} --policy ${path}\` measures it from the run's own starts.`,
      width,
    ),
  ].join("\n");
}
