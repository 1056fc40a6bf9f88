import { count } from "../../../sim/core/count.js";
import { meanOf } from "../../../sim/core/mean.js";
import { countsText, outcomeNames, outcomeShare } from "../../compare/counts-text.js";
import { type OracleReference, oracleReference } from "../../compare/oracle-file.js";
import { measureKeys, measureTitle, table } from "../../compare/tables.js";
import { number, percent, wrap, wrapParts } from "../../compare/text.js";
import { evaluateOracle } from "../../evaluate/evaluate-oracle.js";
import type { OracleEpisode, OracleOptions, OracleStart } from "../../evaluate/oracle-evaluation.js";
import { addCounts, countOutcomes } from "../../runs/counts.js";
import { signalCode } from "../../runs/stop-signals.js";
import { type Io, say, sayError, warner } from "../io.js";
import { liveWidth } from "../live-area.js";
import { duration } from "../progress-view.js";
import { checkNewFile, type EvaluateFlags, giveFigures, startsText } from "./evaluate.js";

/** `hypercrl evaluate --oracle`: measures what planning through the true simulator reaches. Returns the exit code. */
export async function evaluateOracleCommand(
  options: OracleOptions,
  flags: EvaluateFlags,
  io: Io,
): Promise<number> {
  checkNewFile(flags.out);
  const signal = io.stopSignal();
  const view = flags.json ? {} : progressView(io);
  const evaluation = await evaluateOracle({ ...options, ...view, signal, onWarning: warner(io) }).finally(
    () => io.live?.clear(),
  );
  if (!evaluation.complete) {
    if (signal.reason !== "SIGPIPE") sayError(io, "Stopped; no figures were written.");
    return signalCode(signal.reason);
  }
  const reference = oracleReference(evaluation);
  giveFigures(reference, () => referenceText(reference, io.columns()), flags, io);
  return 0;
}

const REDRAW_MS = 250;

/** A live area in a terminal; elsewhere one plain line per episode. */
function progressView(io: Io): Pick<OracleOptions, "onStart" | "onStep" | "onEpisode"> {
  const started = io.now();
  let [plan, made, drawn]: [OracleStart | undefined, number, number] = [
    undefined,
    0,
    Number.NEGATIVE_INFINITY,
  ];
  const place = (task: string, episode: number): string[] => {
    const { tasks, episodes } = plan!;
    const index = tasks.findIndex(({ name }) => name === task);
    return [`task ${index + 1}/${tasks.length} ${task}`, `episode ${episode + 1}/${episodes}`];
  };
  const left = (): string => {
    const { tasks, episodes } = plan!;
    const all = tasks.reduce((sum, { spec }) => sum + spec.episodeSteps * episodes, 0);
    return `${duration(((io.now() - started) * (all - made)) / made)} left`;
  };
  let played = 0;
  return {
    onStart: (what) => {
      plan = what;
      const { suite, tasks, episodes, planner, seed } = what;
      const each = `${count(episodes, "episode")} each${startsText(what)}`;
      const size = `${count(tasks.length, "task")} of ${suite}, ${each}`;
      say(io, `Oracle on ${size}, planner ${planner.name}, seed ${seed}`);
    },
    onStep: (task, episode, step) => {
      made++;
      played = episode;
      if (io.live === undefined || io.now() - drawn < REDRAW_MS) return;
      drawn = io.now();
      io.live.update(wrapParts([...place(task, episode), `step ${step}`, left()], liveWidth(io.columns())));
    },
    onEpisode: (task, episode) => {
      if (io.live !== undefined) return;
      io.out(wrapParts([...place(task, played), ...outcome(episode), left()], io.columns()));
    },
  };
}

function outcome({ return: sum, success }: OracleEpisode): string[] {
  return [`return ${number(sum)}`, ...(success ? ["success"] : [])];
}

/** The interval over episodes; `–` where there are too few for one. */
function overEpisodes({ low, high }: OracleReference["tasks"][number]["oracle"]["return"]): string {
  return low === null ? "–" : `[${number(low)}, ${number(high)}]`;
}

/** The figures as a table, and what they were planned with. */
function referenceText(reference: OracleReference, width: number): string {
  const { tasks, planner, starts, episodes } = reference;
  const rows = tasks.map(({ task, random, oracle }) => ({
    ...{ task, random: random.return.mean, oracle: oracle.return, success: oracle.success },
    counts: countOutcomes(oracle.episodes),
    measures: Object.fromEntries(Object.entries(oracle.measures).map(([name, { mean }]) => [name, mean])),
  }));
  const outcomes = outcomeNames(rows);
  const keys = measureKeys(rows, outcomes);
  const head = [
    ["task", "random\nreturn", "oracle\nreturn", "95 %\ninterval"],
    ["success", ...outcomes.map(measureTitle), ...keys.map(measureTitle)],
  ];
  const body = rows.map(({ task, random, oracle, success, measures, ...counted }) => [
    ...[task, number(random), number(oracle.mean), overEpisodes(oracle)],
    ...[percent(success), ...outcomes.map((name) => percent(outcomeShare(counted, name)))],
    ...keys.map((key) => number(measures[key])),
  ]);
  if (rows.length > 1) {
    const mean = (pick: (row: (typeof rows)[number]) => number) => meanOf(rows.map(pick));
    body.push([
      ...["mean", number(mean((row) => row.random)), number(mean((row) => row.oracle.mean)), ""],
      ...[
        percent(mean((row) => row.success)),
        ...outcomes.map((name) => percent(mean((row) => outcomeShare(row, name)))),
        ...keys.map((key) => number(mean((row) => row.measures[key] ?? Number.NaN))),
      ],
    ]);
  }
  const settings = Object.entries(planner).map(([name, value]) => `planner.${name}=${JSON.stringify(value)}`);
  const heading = `Oracle, ${count(episodes, "episode")} per task${startsText(reference)}:`;
  return [
    ...(starts === undefined ? [] : [wrap(heading, width)]),
    table(head, body, { width }),
    wrap(`The oracle on all tasks: ${countsText(addCounts(rows.map(({ counts }) => counts)))}.`, width),
    wrap(`Planned with ${settings.join(" ")}`, width),
    wrap(
      "Planning through the true simulator, with nothing learned: a lower bound of what planning reaches. Returns are undiscounted sums of rewards; intervals: bootstrap over episodes, from five on. Success: as the task defines it; errors: at the end of an episode.",
      width,
    ),
  ].join("\n");
}
