import { count, number, wrap, wrapParts } from "../compare/text.js";
import { type Manifest, type ManifestRun, runFolder, settingsOf } from "../sweep/manifest.js";
import { settingText, sweepSettings } from "../sweep/report.js";
import { readPlace } from "../sweep/run-state.js";
import type { RunOutcome, SweepView } from "../sweep/sweep.js";
import type { Io } from "./io.js";
import { liveWidth } from "./live-area.js";
import { duration } from "./progress-view.js";

const POLL_MS = 1000;

interface Watched {
  readonly run: ManifestRun;
  readonly since: number;
  /** Task last told of, 0-based. */
  task: number;
}

export const silentSweepView: SweepView = { begin() {}, started() {}, ended() {}, end() {} };

/** A few short lines per running run in a terminal, drawn every second; elsewhere a plain line whenever a run gets further. */
export function sweepView(io: Pick<Io, "out" | "columns" | "live" | "now">): SweepView {
  const running = new Map<string, Watched>();
  let [folder, done, total] = ["", 0, 0];
  let manifest: Manifest | undefined;
  let timer: NodeJS.Timeout | undefined;
  const say = (text: string) => {
    io.live?.clear();
    io.out(text);
  };
  const sayParts = (parts: readonly string[]) => say(wrapParts(parts, io.columns()));
  const place = (watched: Watched) => placeParts(folder, manifest!, watched.run);
  const poll = () => {
    if (io.live !== undefined) {
      const lines = [...running.values()].map((w) =>
        wrapParts([...place(w), duration(io.now() - w.since)], liveWidth(io.columns())),
      );
      io.live.update([...lines, `${done} of ${count(total, "run")} done`].join("\n"));
      return;
    }
    for (const watched of running.values()) {
      const newest = readPlace(runFolder(folder, watched.run));
      // The random policy is measured on all tasks before any is learned.
      if (newest === undefined || newest.stage === "baseline" || newest.taskIndex <= watched.task) continue;
      watched.task = newest.taskIndex;
      sayParts(place(watched));
    }
  };
  return {
    begin: (out, opened, pending) => {
      [folder, manifest, total] = [out, opened, pending.length];
      const finished = opened.runs.length - pending.length;
      const already = finished === 0 ? "" : `, ${finished} finished already`;
      const head = `Sweep of ${count(opened.runs.length, "run")} on ${opened.suite}${already}, in ${out}`;
      const notes = sweepSettings(opened).map(settingText);
      for (const line of [head, ...notes]) say(wrap(line, io.columns()));
      timer = setInterval(poll, POLL_MS);
    },
    started: (run) => {
      running.set(run.id, { run, since: io.now(), task: -1 });
      if (io.live === undefined) sayParts([title(run), "started"]);
    },
    ended: (run, outcome) => {
      const took = io.now() - (running.get(run.id)?.since ?? io.now());
      running.delete(run.id);
      if (outcome.kind === "finished") done++;
      say(wrap(`${title(run)}  ${outcomeText(outcome)} after ${duration(took)}`, io.columns()));
    },
    end: () => {
      clearInterval(timer);
      io.live?.clear();
    },
  };
}

function title({ label, seed }: ManifestRun): string {
  return `${label} seed ${seed}`;
}

function outcomeText(outcome: RunOutcome): string {
  if (outcome.kind !== "failed") return outcome.kind;
  return `failed (${outcome.end}${outcome.error === undefined ? "" : `, ${outcome.error}`})`;
}

function placeParts(folder: string, manifest: Manifest, run: ManifestRun): string[] {
  const place = readPlace(runFolder(folder, run));
  if (place === undefined) return [title(run), "beginning"];
  const { tasks, loop } = settingsOf(manifest, run);
  if (place.stage === "baseline")
    return [title(run), `random policy on task ${place.taskIndex + 1}/${tasks}`];
  const steps = `step ${place.steps ?? 0}/${loop.initialRandomSteps + loop.stepsPerTask}`;
  return [
    title(run),
    `task ${place.taskIndex + 1}/${tasks}`,
    place.stage === "evaluate" ? "evaluating" : steps,
    ...(place.return === undefined ? [] : [`return ${number(place.return)}`]),
  ];
}
