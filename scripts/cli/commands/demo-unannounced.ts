import { basename, dirname, join, resolve } from "node:path";
import { readMetrics } from "../../../agent/run/read-log.js";
import { readSettings } from "../../../agent/run/read-run.js";
import { count } from "../../../sim/core/count.js";
import { table } from "../../compare/tables.js";
import { number, percent, wrap } from "../../compare/text.js";
import { evaluateRunUnannounced, type RecognizedEpisode } from "../../evaluate/evaluate-unannounced.js";
import { freeFolder } from "../../runs/free-folder.js";
import { newestRun } from "../../runs/newest-run.js";
import { RUNS_FOLDER } from "../../runs/runs-folder.js";
import { shellWord } from "../../runs/shell-word.js";
import { signalCode } from "../../runs/stop-signals.js";
import { type Io, say, warner } from "../io.js";
import { sayStopped } from "./evaluate.js";
import { viewCommand } from "./view.js";

/** What `hypercrl demo unannounced` is given beside the run. */
export interface DemoFlags {
  /** Of the order in which the tasks change; default 1. */
  readonly seed?: number;
  /** Of each task; default 1. */
  readonly episodes?: number;
  /** New folder for the recordings; default beside the run. */
  readonly out?: string;
  readonly port?: number;
  /** False to open no browser. */
  readonly open: boolean;
  readonly suite?: string;
  readonly acceptChangedSuite?: boolean;
  readonly method?: string;
  readonly threads?: number;
  readonly json?: boolean;
}

/** An episode of the demonstration, in the order in which they were played. */
interface ShownEpisode extends RecognizedEpisode {
  /** The task that it was. */
  readonly task: string;
  /** Return of the run's own episode from the same start, which was told the task; absent where the run has played none. */
  readonly toldReturn?: number;
}

/**
 * `hypercrl demo unannounced`: plays episodes of a finished run whose tasks change at random without a word, says how they were
 * recognised and shows them. Returns the exit code.
 * @param given run folder; default the newest in `runs`
 */
export async function demoUnannouncedCommand(
  given: string | undefined,
  flags: DemoFlags,
  io: Io,
): Promise<number> {
  const { seed = 1, episodes = 1, json, open, port, out, ...parts } = flags;
  const folder = given ?? newestRun(RUNS_FOLDER, 2);
  const recordings = out ?? freeFolder(join(dirname(folder), `${basename(resolve(folder))}-unannounced`));
  const signal = io.stopSignal();
  const played: ShownEpisode[] = [];
  // Where there is no run, that is what is to be said, and not that a log is missing.
  readSettings(folder);
  const told = toldReturns(folder);
  const { complete, afterTask } = await evaluateRunUnannounced(folder, {
    ...{ ...parts, recordings, episodes, signal },
    ...{ switchEvery: 1, orderSeed: seed },
    onWarning: warner(io),
    onEpisode: (task, episode) => {
      const toldReturn = told(task, played.filter((before) => before.task === task).length);
      played.push({ task, ...episode, ...(toldReturn !== undefined && { toldReturn }) });
      io.live?.update(`${count(played.length, "episode")} played, the last one on ${task}`);
    },
  });
  io.live?.clear();
  const [first] = played;
  if (!complete || first === undefined) {
    sayStopped(io, signal, recordings);
    return signalCode(signal.reason);
  }
  if (json) io.out(JSON.stringify({ folder, afterTask, seed, recordings, episodes: played }));
  else io.out(demoText(folder, recordings, played, io.columns()));
  if (json || !io.attended) {
    if (!json) say(io, `Show them with\n  npx hypercrl view ${shellWord(recordings)}`);
    return 0;
  }
  return viewCommand([first.recording!], { open, ...(port !== undefined && { port }) }, io);
}

/** Tells the return of the run's own evaluation of its last state, by task and episode. */
function toldReturns(folder: string): (task: string, episode: number) => number | undefined {
  const records = readMetrics(folder).filter((record) => record.type === "evaluation");
  const last = Math.max(...records.map(({ afterTask }) => afterTask));
  return (task, episode) =>
    records.find((r) => r.afterTask === last && r.task === task && r.episode === episode)?.return;
}

function demoText(
  folder: string,
  recordings: string,
  played: readonly ShownEpisode[],
  width: number,
): string {
  const head = [
    ["true task", "right\ntask", "steps until\nright for good"],
    ["return", "told\nreturn", "recording"],
  ];
  const body = played.map(({ task, recognition, return: sum, toldReturn, recording }) => [
    ...[task, percent(recognition.rightSteps / recognition.steps)],
    number(recognition.stepsUntilRight, 0),
    ...[number(sum), number(toldReturn), basename(recording!, ".mcap")],
  ]);
  return [
    wrap(
      `${folder} on ${count(played.length, "episode")} whose task it was not told, in the order in which they were played; what is believed is carried over:`,
      width,
    ),
    table(head, body, { width }),
    wrap(
      `Right task: share of the steps that were planned with it as the most probable one. Steps until right for good: after which it was so until the end; – where at the end it was not. Told return: of the run's own episode from the same start, which was told the task. The recordings are in ${recordings}.`,
      width,
    ),
  ].join("\n");
}
