import type { Progress } from "../../agent/run/checkpoint-document.js";
import type { RunEvent } from "../../agent/run/run-events.js";
import type { Settings } from "../../agent/settings/schema.js";
import type { Summary } from "../runs/summary.js";
import type { Io } from "./io.js";

/** First, once the run folder is open. */
interface StartLine {
  readonly type: "start";
  readonly folder: string;
  readonly settings: Settings;
  /** Where the run continues; absent for a new one. */
  readonly progress: Progress | undefined;
}

/** With `--view`: where the run can be watched. */
interface ViewLine {
  readonly type: "view";
  readonly url: string;
  readonly port: number;
}

/** Last, of a run that was asked to stop. */
interface StoppedLine {
  readonly type: "stopped";
  readonly folder: string;
  /** Where it will continue. */
  readonly progress: Progress;
}

/** Last, of a run that is done, with its summary. */
interface SummaryLine extends Summary {
  readonly type: "summary";
  readonly folder: string;
  /** Path of the page of curves, with `--report`. */
  readonly report?: string;
}

/** What `train --json` prints, a JSON object on each line: events of the run in between, but no single steps and plans. */
type TrainLine =
  | StartLine
  | ViewLine
  | Exclude<RunEvent, { readonly type: "step" | "planned" }>
  | StoppedLine
  | SummaryLine;

/** Prints one of the lines of `train --json`. */
export function printLine(io: Pick<Io, "out">, line: TrainLine): void {
  io.out(JSON.stringify(line));
}
