import { Schedule } from "../../agent/settings/schedule.js";
import { count } from "../../sim/core/count.js";
import { number, wrap, wrapParts } from "../compare/text.js";
import { settingsOf } from "../sweep/manifest.js";
import type { Manifest, ManifestRun } from "../sweep/manifest-file.js";
import { sweepSettings } from "../sweep/report.js";
import { settingText } from "../sweep/report-text.js";
import { runFolder } from "../sweep/run-folders.js";
import { readPlace } from "../sweep/run-state.js";
import type { RunOutcome, SweepView } from "../sweep/view.js";
import type { Io } from "./io.js";
import { liveWidth } from "./live-area.js";
import { duration } from "./progress-view.js";

const POLL_MS = 1000;

interface Watched {
  readonly run: ManifestRun;
  readonly since: number;
  /** Task last told of, 0-based. */
  index: number;
}

export const silentSweepView: SweepView = { begin() {}, started() {}, ended() {}, end() {} };

type ViewIo = Pick<Io, "out" | "columns" | "live" | "now">;

/** A few short lines per running run in a terminal, drawn every second; elsewhere a plain line whenever a run gets further. */
export function sweepView(io: ViewIo): SweepView {
  let progress: SweepProgress | undefined;
  return {
    begin: (folder, manifest, pending) => {
      progress = new SweepProgress(io, folder, manifest, pending.length);
    },
    started: (run) => progress?.started(run),
    ended: (run, outcome) => progress?.ended(run, outcome),
    end: () => progress?.end(),
  };
}

/** Tells of a sweep that goes on. */
class SweepProgress {
  readonly #io: ViewIo;
  readonly #folder: string;
  readonly #manifest: Manifest;
  /** Runs that were still to be made when the sweep began. */
  readonly #total: number;
  readonly #running = new Map<string, Watched>();
  readonly #timer: NodeJS.Timeout;
  #done = 0;

  constructor(io: ViewIo, folder: string, manifest: Manifest, total: number) {
    this.#io = io;
    this.#folder = folder;
    this.#manifest = manifest;
    this.#total = total;
    const finished = manifest.runs.length - total;
    const already = finished === 0 ? "" : `, ${finished} finished already`;
    const head = `Sweep of ${count(manifest.runs.length, "run")} on ${manifest.suite}${already}, in ${folder}`;
    for (const line of [head, ...sweepSettings(manifest).map(settingText)])
      this.#say(wrap(line, io.columns()));
    this.#timer = setInterval(() => this.#look(), POLL_MS);
  }

  started(run: ManifestRun): void {
    this.#running.set(run.id, { run, since: this.#io.now(), index: -1 });
    if (this.#io.live === undefined) this.#sayParts([title(run), "started"]);
  }

  ended(run: ManifestRun, outcome: RunOutcome): void {
    const took = this.#io.now() - (this.#running.get(run.id)?.since ?? this.#io.now());
    this.#running.delete(run.id);
    if (outcome.kind === "finished") this.#done++;
    const text = `${title(run)}  ${outcomeText(outcome)} after ${duration(took)}`;
    this.#say(wrap(text, this.#io.columns()));
  }

  end(): void {
    clearInterval(this.#timer);
    this.#io.live?.clear();
  }

  #look(): void {
    if (this.#io.live === undefined) this.#tellFurther();
    else this.#io.live.update(this.#liveLines().join("\n"));
  }

  #liveLines(): string[] {
    const { now, columns } = this.#io;
    const lines = [...this.#running.values()].map((watched) =>
      wrapParts([...this.#place(watched), duration(now() - watched.since)], liveWidth(columns())),
    );
    return [...lines, `${this.#done} of ${count(this.#total, "run")} done`];
  }

  #tellFurther(): void {
    for (const watched of this.#running.values()) {
      const newest = readPlace(runFolder(this.#folder, watched.run));
      // The random policy is measured on all tasks before any is learned.
      if (newest === undefined || newest.stage === "baseline" || newest.index <= watched.index) continue;
      watched.index = newest.index;
      this.#sayParts(this.#place(watched));
    }
  }

  #place({ run }: Watched): string[] {
    return placeParts(this.#folder, this.#manifest, run);
  }

  #say(text: string): void {
    this.#io.live?.clear();
    this.#io.out(text);
  }

  #sayParts(parts: readonly string[]): void {
    this.#say(wrapParts(parts, this.#io.columns()));
  }
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
  const settings = settingsOf(manifest, run);
  const { tasks } = settings;
  if (place.stage === "baseline") return [title(run), `random policy on task ${place.index + 1}/${tasks}`];
  const schedule = new Schedule(settings);
  const steps = `step ${place.steps ?? 0}/${schedule.steps(place.index)}`;
  return [
    title(run),
    schedule.isOnce
      ? `task ${place.index + 1}/${tasks}`
      : `visit ${place.index + 1}/${schedule.visits.length}`,
    place.stage === "evaluate" ? "evaluating" : steps,
    ...(place.return === undefined ? [] : [`return ${number(place.return)}`]),
  ];
}
