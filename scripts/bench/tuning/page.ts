import { number } from "../../compare/text.js";
import { markdownTable } from "../figures/markdown-table.js";
import { type Choice, choose, meanScore, spreadOf, type Tried } from "./choose.js";
import { type Grid, isDefault, type Variant, variantsByMethod } from "./grid.js";
import { type Found, type Scale, type SeedScore, scaleOf, scoresOf, settingAt } from "./results.js";

interface Judged {
  readonly method: string;
  readonly tried: readonly Tried[];
  readonly choice: Choice;
}

function judge({ variants, seeds }: Grid, found: Found | undefined, scale: Scale | null): Judged[] {
  return [...variantsByMethod(variants)].map(([method, own]) => {
    const tried = own.map((variant) => ({
      variant,
      scores:
        found === undefined
          ? seeds.map((): SeedScore => "missing")
          : scoresOf(variant.label, seeds, found, scale),
    }));
    return { method, tried, choice: choose(tried) };
  });
}

/** What is chosen for each method, in Markdown. @param found undefined before any run is made */
export function choiceTable(grid: Grid, found: Found): string {
  const rows = judge(grid, found, scaleOf(grid, found.results)).map(({ method, tried, choice }) => {
    const usual = meanScore(tried[0]!.scores);
    if (choice.kind !== "chosen") return [method, verdict(choice), "–", figure(usual), "–"];
    const { variant, scores } = tried.find((line) => line.variant.label === choice.label)!;
    return [
      method,
      settingsText(variant, tried, found),
      figure(meanScore(scores)),
      figure(usual),
      choice.why,
    ];
  });
  return markdownTable(["method", "chosen", "mean", "mean of the default", "why"], rows);
}

function verdict(choice: Exclude<Choice, { kind: "chosen" }>): string {
  return choice.kind === "open" ? "open: runs are missing" : "none: every setting has a failed run";
}

/** The page of a suite's grid. @param found undefined before any run is made */
export function tuningPage(suite: string, grid: Grid, found: Found | undefined): string {
  const scale = found === undefined ? null : scaleOf(grid, found.results);
  const judged = judge(grid, found, scale);
  return `${[
    `# Tuning on ${suite}`,
    `Written by \`npm run tuning -- ${suite}\`. [How settings are chosen](../experiments/tuning.md) was written down before any run was made; [the grid](${suite}.json) is a sweep file.`,
    `Seeds ${grid.seeds.join(" and ")}, ${tasksText(grid)}. ${stateText(suite, judged, found)}`,
    ...(found === undefined ? [] : [scale?.text ?? NO_SCALE]),
    gridTable(grid, judged, found),
  ].join("\n\n")}\n`;
}

const NO_SCALE =
  "There is no scale yet, and so nothing can be chosen: `single` with its default has not finished every seed, or is not above the random policy.";

function tasksText({ choice }: Grid): string {
  const tasks = choice.assignments?.find((assignment) => assignment.startsWith("tasks="))?.slice(6);
  return tasks === undefined ? "all tasks" : `the first ${tasks} tasks`;
}

function stateText(suite: string, judged: readonly Judged[], found: Found | undefined): string {
  if (found === undefined) return "**No run has been made yet.**";
  const scores = judged.flatMap(({ tried }) => tried.flatMap((line) => line.scores));
  const failed = scores.filter((score) => score === "failed").length;
  const ended = scores.filter((score) => typeof score === "number").length;
  const folder = `[results](../results/tuning/${suite})`;
  return `${ended} of ${scores.length} runs are finished, ${failed} failed: ${folder}.`;
}

function gridTable({ seeds }: Grid, judged: readonly Judged[], found: Found | undefined): string {
  const rows = judged.flatMap(({ method, tried, choice }) =>
    tried.map(({ variant, scores }, i) => [
      i === 0 ? method : "",
      settingsText(variant, tried, found),
      ...scores.map(scoreText),
      figure(meanScore(scores)),
      i === 0 ? "" : figure(spreadOf(tried[0]!.scores, scores)),
      choiceText(choice, variant),
    ]),
  );
  const head = [
    "method",
    "settings",
    ...seeds.map((seed) => `seed ${seed}`),
    "mean",
    "spread with the default",
    "chosen",
  ];
  return markdownTable(head, rows);
}

function choiceText(choice: Choice, { label }: Variant): string {
  if (choice.kind === "none") return "none";
  return choice.kind === "chosen" && choice.label === label ? `**chosen**: ${choice.why}` : "";
}

/** What a variant changes of the profile; of a default, what the profile had when the runs were made. */
function settingsText(variant: Variant, tried: readonly Tried[], found: Found | undefined): string {
  const { label, set } = variant;
  const text = (values: Readonly<Record<string, unknown>>) =>
    Object.entries(values)
      .map(([name, value]) => `\`${name}\` ${JSON.stringify(value)}`)
      .join(", ");
  if (!isDefault(variant)) return text(set);
  if (found === undefined) return "as in the profile";
  const varied = new Set(tried.flatMap((line) => Object.keys(line.variant.set)));
  const settings = found.manifest.settings[label];
  return `as in the profile: ${text(Object.fromEntries([...varied].map((name) => [name, settingAt(settings, name)])))}`;
}

function scoreText(score: SeedScore): string {
  if (score === "missing") return "–";
  return score === "failed" ? "failed" : figure(score);
}

function figure(value: number): string {
  return number(value, 3);
}
