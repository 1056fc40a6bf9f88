import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { count } from "../../sim/core/count.js";
import { largest } from "../../sim/core/extremes.js";
import type { CurveChart, Quantity, ReportData } from "./data.js";
import { discoverySection } from "./discovery-section.js";
import { Html, html, jsonScript } from "./html.js";
import { modelErrorSection } from "./model-error-section.js";
import { COLOURS } from "./palette.js";
import {
  countsSection,
  definitionsSection,
  differencesSection,
  episodesSection,
  learningSection,
  revisitsSection,
  runsSection,
  scoresTable,
  settingsSection,
} from "./sections.js";
import { pageStyle } from "./style.js";

/** The page: one file that asks nothing of a network, and runs its own script and no other. */
export function reportHtml(data: ReportData): string {
  const script = pageScript();
  const hash = createHash("sha256").update(script).digest("base64");
  const policy = `default-src 'none'; script-src 'sha256-${hash}'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'`;
  const { suite, labels, runs, notBegun, generator } = data;
  const finished = runs.filter((run) => run.finished).length;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="${generator}">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<title>${suite}: ${labels.join(", ")}</title>
<style>${new Html(pageStyle(labels.length))}</style>
</head>
<body>
<main>
<h1>${suite}</h1>
<p class="faint">${count(data.tasks.length, "task")} one after another · ${count(labels.length, "method")} · ${finished} of ${count(runs.length + notBegun.length, "run")} finished · ${generator}</p>
${unfinishedNote(data, finished)}
<nav id="lines" aria-label="Methods shown in the plots">${labels.map(lineButton)}</nav>
<noscript><p>The plots are drawn by the script inside this page. The tables below need none.</p></noscript>
${curveSection(data, "return", "Learning curves")}
${matrixSection(data)}
<h2>Comparison</h2>
<p class="faint">Bars: mean over finished runs, whiskers: 95 % interval, from five seeds on, dots: runs.</p>
${data.runs.some((run) => run.finished) ? scoreFigures(data) : html`<p>No run is finished yet.</p>`}
${scoresTable(data)}
${countsSection(data)}
${learningSection(data)}
${revisitsSection(data)}
${discoverySection(data)}
${differencesSection(data)}
${definitionsSection(data)}
${modelErrorSection(data)}
${curveSection(data, "trainingLoss", "Training loss")}
${curveSection(data, "regularizer", "Regulariser")}
<h2>Time</h2>
${timeFigure(data)}
${curveSection(data, "trainingSeconds", "Training time")}
${curveSection(data, "planningMilliseconds", "Planning time")}
${settingsSection(data)}
${runsSection(data)}
${episodesSection(data)}
</main>
${jsonScript("data", data)}
<script>${new Html(script)}</script>
</body>
</html>
`.text;
}

/** The script of the page as `npm run build` bundled it, found also when the sources run unbuilt. */
function pageScript(): string {
  return readFileSync(createRequire(import.meta.url).resolve("#dist/scripts/report/page.js"), "utf8");
}

function lineButton(label: string, i: number): Html {
  const dashed = i >= COLOURS ? " dashed" : "";
  return html`<button type="button" aria-pressed="true" data-line="${i}"><span class="swatch${dashed}" style="--colour: var(--line-${i})"></span>${label}</button>`;
}

function unfinishedNote({ runs, notBegun }: ReportData, finished: number): Html {
  if (finished === runs.length && notBegun.length === 0) return html``;
  return html`<p class="unfinished">Not everything is finished: ${runs.length - finished} of ${count(runs.length, "run")} go on or were stopped${notBegun.length > 0 ? `, ${notBegun.length} more have not begun` : ""}. Curves and matrices show them as far as they got; the comparison counts finished runs only.</p>`;
}

const CAPTIONS: Readonly<Record<Quantity, string>> = {
  return:
    "Return of every learning episode: undiscounted sum of rewards. Dotted on grey: begun with random actions; solid: planned through the model. An episode cut short by the end of its task's steps is left out.",
  trainingLoss:
    "Training loss of the dynamics model on the task being learned, mean over the minibatches of a session: squared error per predicted quantity in units of its spread, or with dynamics.outputVariance the Gaussian negative log likelihood. On data that it is trained on; the error on held-out data is above.",
  regularizer:
    "What the method adds to the training loss to hold earlier tasks, mean over the minibatches of a session. Scales differ between methods.",
  trainingSeconds: "Wall time of each training session.",
  planningMilliseconds: "Wall time to plan one action while learning, mean over an episode.",
};

function curveSection({ charts }: ReportData, quantity: Quantity, title: string): Html {
  if (charts[quantity].length === 0) return html``;
  return html`<h2>${title}</h2>
${charts[quantity].map((chart, i) => html`<figure><div class="curve" data-chart="${quantity}" data-index="${i}"></div><figcaption>${caption(quantity, chart)}</figcaption></figure>`)}`;
}

function caption(quantity: Quantity, { curves, thinnedTo, stepsPerTask, visits }: CurveChart): string {
  const seeds = curves.some(({ n }) => largest(n) > 1)
    ? " Lines: mean over seeds, bands: from the lowest to the highest seed."
    : "";
  const coinciding = curves.length > 1 ? " Where lines coincide, their colours take turns." : "";
  const thinned =
    thinnedTo === null
      ? ""
      : ` Thinned: each point is the mean over what ended within ${thinnedTo} environment steps.`;
  const lines =
    visits === undefined ? `a new task, every ${stepsPerTask} environment steps` : "the next visit";
  return `${CAPTIONS[quantity]}${seeds}${coinciding}${thinned} Vertical lines: ${lines}.`;
}

function matrixSection({ matrices, reference }: ReportData): Html {
  if (matrices.length === 0) return html``;
  const what =
    reference === null
      ? "return (undiscounted sum of rewards)"
      : `normalised return: random policy 0, ${reference} right after learning the task 1`;
  const rows = matrices.some(({ visits }) => visits !== undefined) ? "each visit" : "learning each task";
  return html`<h2>Evaluation matrix</h2>
<p class="faint">On each task (columns) after ${rows} (rows): ${what}, mean over evaluation episodes and the seeds that were evaluated on it then; –: none was.</p>
<p class="scale"><span id="scale-low"></span><i id="scale"></i><span id="scale-high"></span></p>
<div class="grid">${matrices.map(({ label }) => html`<figure data-of="${label}"><h3>${label}</h3><div class="matrix" data-chart="matrix" data-label="${label}"></div></figure>`)}</div>`;
}

function scoreFigures({ scores }: ReportData): Html {
  const measured = scores.filter(({ estimates }) => estimates.some(({ n }) => n > 0));
  return html`<div class="grid">${measured.map(({ score, title }) => html`<figure><h3>${title}</h3><div data-chart="score" data-score="${score}"></div></figure>`)}</div>`;
}

function timeFigure({ time }: ReportData): Html {
  if (time.length === 0) return html`<p class="faint">No finished run has noted its time.</p>`;
  const noted = time.every(({ planning }) => planning !== null);
  const rest = noted
    ? "the rest: evaluation, physics and recording"
    : "the rest: evaluation, physics, recording and planning where it was not noted";
  return html`<figure><div data-chart="time"></div><figcaption>Where the wall time of a finished run went, mean over runs: waiting for training sessions, planning while learning, ${rest}.</figcaption></figure>`;
}
