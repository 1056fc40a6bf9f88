import { countText } from "../compare/counts-text.js";
import { besideMean } from "../compare/discovery-comparison-text.js";
import { DISCOVERY_COLUMNS, shownScores } from "../compare/discovery-table.js";
import type { ReportData } from "./data.js";
import { type Html, html, htmlTable } from "./html.js";
import { estimateText } from "./sections.js";

/** How well runs found out by themselves when their task changed, and how long each change took; nothing where all were told. */
export function discoverySection({ discovery }: ReportData): Html {
  if (discovery === undefined) return html``;
  const { lines, changes, charts } = discovery;
  const scores = shownScores(lines);
  const head = ["method", ...scores.map((score) => DISCOVERY_COLUMNS[score][0].replaceAll("\n", " "))];
  const rows = lines.map((line) => [
    line.label,
    ...scores.map((score) => {
      const text = estimateText(line[score], DISCOVERY_COLUMNS[score][1]);
      return html`${text}${besideMean(line, score)}`;
    }),
  ]);
  const byChange = changes.map(({ label, visit, delay, detected }) => [
    ...[label, visit + 1, countText(detected), estimateText(delay, 0)],
  ]);
  const figures = charts
    .filter(({ estimates }) => estimates.some(({ n }) => n > 0))
    .map(
      ({ score, title }) =>
        html`<figure><h4>${title}</h4><div data-chart="score" data-score="${score}"></div></figure>`,
    );
  return html`<h3>Tasks that runs discover</h3>
${htmlTable("Tasks that runs discover", head, rows)}
<p class="faint">Delay of each change, control steps. Bars: mean over the runs that detected it, whiskers: 95 % interval, from five of them on, dots: runs. Runs that missed it are in the table alone.</p>
<div class="grid">${figures}</div>
${htmlTable("Delay of each change", ["method", "change before visit", "detected", "delay, steps"], byChange)}`;
}
