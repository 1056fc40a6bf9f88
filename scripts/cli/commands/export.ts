import prettyBytes from "pretty-bytes";
import { count } from "../../../sim/core/count.js";
import { table } from "../../compare/tables.js";
import { wrap } from "../../compare/text.js";
import { type ExportOptions, type ExportResult, exportRun } from "../../runs/export-run.js";
import { type Io, warner } from "../io.js";

/** `hypercrl export`: writes what a run has learned for other programs. Returns the exit code. */
export async function exportCommand(
  folder: string,
  { json, ...options }: ExportOptions & { readonly json?: boolean },
  io: Io,
): Promise<number> {
  const result = await exportRun(folder, { ...options, onWarning: warner(io) });
  const { tasks, runTasks } = result;
  if (tasks.length < runTasks) {
    const names = tasks.map(({ task }) => task).join(", ");
    warner(io)(`the model has ${tasks.length} of the run's ${count(runTasks, "task")}: ${names}`);
  }
  io.out(json ? JSON.stringify(result) : exportText(result, io.columns()));
  return 0;
}

function exportText({ path, bytes, tasks, tolerance }: ExportResult, width: number): string {
  const rows = tasks.map(({ task, random, recorded, largestDifference }, j) => [
    task,
    ...[j, random, recorded].map(String),
    largestDifference.toExponential(1),
  ]);
  const largest = Math.max(...tasks.map(({ largestDifference }) => largestDifference));
  return [
    wrap(`${path}: ${prettyBytes(bytes)}, (x, u, task) → xNext; compared with the planner's model:`, width),
    table([["name", "task", "random\ninputs", "recorded\ninputs", "largest\ndifference"]], rows, { width }),
    wrap(
      `Largest difference of all ${largest.toExponential(1)}, allowed ${tolerance.toExponential(0)}: in the channels' units, of values above 1 relative to them. Names, units and origin are in the file's metadata_props.`,
      width,
    ),
  ].join("\n");
}
