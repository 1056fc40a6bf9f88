import { count } from "../../sim/core/count.js";
import { elementAt, firstOf } from "../../sim/core/element.js";
import { countedNames, countOf, countText, outcomeTitle } from "../compare/counts-text.js";
import type { Estimate } from "../compare/estimate.js";
import { intervalText, pText } from "../compare/interval-text.js";
import { LEARNING_SCORES, REACHED, reachedTitle } from "../compare/scores.js";
import { number } from "../compare/text.js";
import type { Value } from "../compare/value.js";
import type { DifferenceFigure, EpisodeRow, EpisodesPage, ReportData, RunRow, ScoreChart } from "./data.js";
import { type Html, html, htmlTable } from "./html.js";

/** The figures of what was learned, and those of learning; one table has no room for all. */
function byMoment(scores: readonly ScoreChart[]): {
  readonly learned: ScoreChart[];
  readonly learning: ScoreChart[];
} {
  const names: ReadonlySet<string> = new Set(LEARNING_SCORES);
  return {
    learned: scores.filter(({ score }) => !names.has(score)),
    learning: scores.filter(({ score }) => names.has(score)),
  };
}

/** Mean, interval and n of every figure of what was learned, of every line. */
export function scoresTable({ scores: all, oracle }: ReportData): Html {
  const scores = byMoment(all).learned;
  const lines = firstOf(scores, "figures").estimates.map(({ label }) => label);
  if (lines.length === 0) return html``;
  const head = ["method", ...scores.map(titleWithUnit)];
  const rows = lines.map((label, i) => [
    label,
    ...scores.map(({ estimates, digits }) => estimateText(elementAt(estimates, i, "lines"), digits)),
  ]);
  if (oracle !== null) {
    rows.push(["oracle", ...scores.map(({ score, digits }) => html`${number(oracle[score], digits)}`)]);
  }
  return htmlTable("Comparison", head, rows);
}

/** How many evaluation episodes after the last task had each outcome. */
export function countsSection({ counts }: ReportData): Html {
  if (counts.length === 0) return html``;
  const names = countedNames(counts);
  const rows = counts.map((line) => [
    line.label,
    ...names.map((name) => countText(countOf(line.counts, name))),
  ]);
  return html`<h3>Evaluation episodes after the last task</h3>
${htmlTable("Evaluation episodes after the last task", ["method", ...names.map(outcomeTitle)], rows)}`;
}

/** Figures of learning, and in how many tasks each return that steps are counted to was reached; nothing without `single`. */
export function learningSection({ scores, reached }: ReportData): Html {
  if (reached.length === 0) return html``;
  const { learning } = byMoment(scores);
  const rows = reached.map(({ label, counts }, i) => [
    label,
    ...learning.map(({ estimates, digits }) => estimateText(elementAt(estimates, i, "lines"), digits)),
    ...REACHED.map((name) => countText(counts[name])),
  ]);
  const titles = REACHED.map((name) => `tasks that reached ${reachedTitle(name)}`);
  return html`<h3>While tasks are learned</h3>
${htmlTable("While tasks are learned", ["method", ...learning.map(titleWithUnit), ...titles], rows)}`;
}

/** Figures of schedules that visit tasks again; nothing where no run has one. */
export function revisitsSection({ revisits }: ReportData): Html {
  if (revisits === undefined) return html``;
  const tasks = revisits.tasks.map(({ label, task, backwardTransfer, gain }) => [
    ...[label, task, estimateText(backwardTransfer, 3), estimateText(gain, 3)],
  ]);
  const visits = revisits.visits.map(({ label, visit, areaShare, recoverySteps, recovered }) => [
    ...[label, visit, estimateText(areaShare, 3), estimateText(recoverySteps, 0), countText(recovered)],
  ]);
  return html`<h3>Tasks that are visited again</h3>
${htmlTable("Tasks over their visits", ["method", "task", "backward transfer", "second - first"], tasks)}
${htmlTable("Learning again", ["method", "visit", "share of area", "steps to recover", "tasks that recovered"], visits)}`;
}

/** Units of time and memory; the others are in the definitions. */
function titleWithUnit({ title, unit }: ScoreChart): string {
  return /^(min|MiB)$/.test(unit) ? `${title}, ${unit}` : title;
}

/** Mean, interval and n; a dash where there is none. */
export function estimateText(estimate: Estimate<Value>, digits: number): Html {
  const { n } = estimate;
  return n === 0 ? html`–` : html`${interval(estimate, digits)} <span class="whole">n ${n}</span>`;
}

/** The mean and its interval or range, which one run does not have; broken into lines between the two only. */
function interval(estimate: Estimate<Value>, digits: number): Html {
  const value = html`<span class="whole">${number(estimate.mean, digits)}</span>`;
  const text = intervalText(estimate, digits);
  return text === "" ? value : html`${value} <span class="whole">${text}</span>`;
}

/** What sets each line apart from one of them, seed by seed. */
export function differencesSection({ differences }: ReportData): Html {
  if (differences === null) return html``;
  const { from, rows } = differences;
  const head = ["method", ...firstOf(rows, "lines").figures.map(({ title }) => title)];
  const cells = rows.map(({ label, figures }) => [label, ...figures.map(differenceText)]);
  return html`<h3>Differences from ${from}, seed by seed</h3>
${htmlTable(`Differences from ${from}`, head, cells)}`;
}

function differenceText({ better, p, digits, ...estimate }: DifferenceFigure): Html {
  const { n } = estimate;
  if (n === 0) return html`–`;
  const tested = pText(p);
  const parts = [`${better}/${n} better`, ...(tested === "" ? [] : [tested])];
  return html`${interval(estimate, digits)} <span class="whole">${parts.join(", ")}</span>`;
}

export function definitionsSection({ definitions, failedReferences, differences }: ReportData): Html {
  const failed = failedReferences.map((text) => html`<p class="unfinished">${text}</p>`);
  const all = differences === null ? definitions : [...definitions, differences.definition];
  const items = all.map((text) => {
    const [term = "", ...rest] = text.split(": ");
    return html`<li><b>${term}</b>: ${rest.join(": ")}</li>`;
  });
  return html`${failed}<h3>Definitions</h3><ul class="faint">${items}</ul>`;
}

export function settingsSection({ labels, settings }: ReportData): Html {
  const table = htmlTable(
    "Settings that differ",
    ["setting", ...labels],
    settings.map(({ name, values }) => [html`<code>${name}</code>`, ...values]),
  );
  return html`<h2>Settings that differ</h2>
${settings.length === 0 ? html`<p>All runs have the same settings but for the seed.</p>` : table}`;
}

/** All runs with their state and figures, and what they were made with. */
export function runsSection({ runs, notBegun, scores }: ReportData): Html {
  const versions = (run: RunRow) =>
    Object.entries(run.versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(", ");
  const made = [...new Set(runs.map(versions))];
  const { learned, learning } = byMoment(scores);
  const figures = (run: RunRow, some: readonly ScoreChart[]) =>
    some.map(({ score, digits }) => number(run.scores?.[score], digits));
  const learningRows = runs.map((run) => [run.label, run.seed, ...figures(run, learning)]);
  const rows = runs.map((run) => [
    ...[run.label, run.seed, run.finished ? run.state : html`<b>${run.state}</b>`],
    ...figures(run, learned),
    ...[html`<code class="path">${run.folder}</code>`, made.indexOf(versions(run)) + 1],
  ]);
  return html`<h2>Runs</h2>
${htmlTable("Runs", ["method", "seed", "state", ...learned.map(titleWithUnit), "folder", "versions"], rows)}
${htmlTable("Runs while tasks are learned", ["method", "seed", ...learning.map(titleWithUnit)], learningRows)}
${notBegun.length === 0 ? html`` : html`<p>Not begun: ${notBegun.join(", ")}</p>`}
<h3>Versions</h3>
${made.length === 1 ? html`` : html`<p class="unfinished">Not all runs were made with the same versions: small differences between them may come from there.</p>`}
<ol>${made.map((text) => html`<li>${text}</li>`)}</ol>`;
}

export function episodesSection({ runs, episodesPage }: ReportData): Html {
  const some = runs.some(({ episodes }) => episodes.some(({ link }) => link !== null));
  const text = some
    ? "The command plays it with the run's others beside; the last link opens its file, as seen from where this page was made."
    : "The recordings are not in these folders; only their names are listed.";
  return html`<h2>Episodes</h2>
<p class="faint">Of every task the planned episodes with the highest and the lowest return, and the last episode of each run. ${episodesPage === null ? "" : playText(episodesPage)}${text}</p>
${runs.map(runEpisodes)}`;
}

function playText({ file, episodes, leftOut }: EpisodesPage): Html {
  const rest = leftOut === 0 ? "" : ` ${leftOut} more are left out, because the page would become too large.`;
  return html`“play” shows an episode in <a href="${encodeURIComponent(file)}">${file}</a> beside this page, which holds ${episodes} of them.${rest} `;
}

function runEpisodes({ label, seed, folder, episodes }: RunRow): Html {
  const rows = episodes.map((e) => [
    ...[e.which, playCell(e), e.task, e.moment, number(e.return), e.success ? "success" : "no success"],
    recordingCell(e),
  ]);
  const head = ["which", "play", "task", "when", "return", "result", "recording"];
  const table = htmlTable(`Episodes of ${label}, seed ${seed}`, head, rows);
  return html`<details><summary>${label}, seed ${seed}: ${count(episodes.length, "episode")} of <code>${folder}</code></summary>${table}</details>`;
}

/** Before what may be too wide for a phone. */
function playCell({ play, compare }: EpisodeRow): Html {
  if (play === null) return html``;
  const both = compare === null ? html`` : html` · <a href="${compare}">beside the best</a>`;
  return html`<a href="${play}">play</a>${both}`;
}

function recordingCell({ recording, link, command }: EpisodeRow): Html {
  if (link === null || command === null) return html`${recording}`;
  return html`<code>${command}</code> · <a href="${link}">file</a>`;
}
