import { Command } from "commander";
import { packageVersion } from "../runs/package-version.js";
import { helpLayout } from "./help-layout.js";
import { type Io, printing, say, sayError } from "./io.js";
import type { Done, HelpLists } from "./options/command.js";
import { addDemo } from "./options/demo.js";
import { addDistil } from "./options/distil.js";
import { addEvaluate } from "./options/evaluate.js";
import { addExport } from "./options/export.js";
import { addLists } from "./options/lists.js";
import { addReplay, addView } from "./options/recordings.js";
import { addReport } from "./options/report.js";
import { addSlurmJobs } from "./options/slurm-jobs.js";
import { addSweep } from "./options/sweep.js";
import { addTrain } from "./options/train.js";

/**
 * The whole command line; the code of a command is loaded when it is called, so that help and wrong calls are answered
 * at once. `done` receives the exit code of the command that ran.
 * @param listed methods and planners that the help names; needed where help is asked for
 */
export function createProgram(outside: Io, done: Done, listed?: HelpLists): Command {
  const io = printing(outside);
  const program = new Command("hypercrl")
    .description("Continual model-based reinforcement learning with hypernetworks, in a robotics simulator")
    .version(packageVersion())
    .configureOutput({
      writeOut: (text) => say(io, text.replace(/\n$/, "")),
      writeErr: (text) => sayError(io, text.replace(/\n$/, "")),
      getOutHelpWidth: io.columns,
      getErrHelpWidth: io.errorColumns,
    })
    .configureHelp(helpLayout)
    .exitOverride()
    .showHelpAfterError("(see `hypercrl --help`)");
  addTrain(program, io, done, listed);
  addEvaluate(program, io, done);
  addReplay(program, io, done);
  addExport(program, io, done);
  addDistil(program, io, done);
  addView(program, io, done);
  addDemo(program, io, done);
  addSweep(program, io, done, listed);
  addReport(program, io, done);
  addSlurmJobs(program, io, done);
  addLists(program, io, done);
  return program;
}
