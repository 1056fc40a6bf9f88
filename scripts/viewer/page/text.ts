import { measureName } from "../../compare/measure-name.js";
import type { RunEpisode } from "../payload.js";
import type { EpisodeData } from "./data.js";

/** Less is what is left of a difference that should be 0: no figure of ours is that small. */
const ROUNDING = 1e-9;

/** A number of at most five characters or so; `–` for none. */
export function shortNumber(value: number | undefined): string {
  if (value === undefined || !Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (size < ROUNDING) return "0.000";
  if (size < 1e-3 || size >= 1e5) return value.toExponential(1);
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3);
}

/** Numbers beside an axis, without thousands separators. A tick at 0 may be off by what additions leave. */
export function axisTexts(ticks: readonly number[]): string[] {
  const [first = 0, second = first + 1] = ticks;
  const isZero = (tick: number) => Math.abs(tick) < 1e-6 * Math.abs(second - first);
  return ticks.map((tick) => (isZero(tick) ? "0" : String(Number(tick.toPrecision(6)))));
}

const PHASES = { random: "random", train: "learning", evaluate: "evaluation" } as const;

/** When an episode was recorded: `evaluation after task 2`. */
export function moment({
  phase,
  randomSteps,
  afterTask,
  visit,
}: Partial<Pick<RunEpisode, "phase" | "randomSteps" | "afterTask" | "visit">>): string {
  if (phase === undefined || afterTask === undefined) return "";
  if (afterTask < 0) return `${PHASES[phase]} before task 1`;
  const name = randomSteps === undefined ? PHASES[phase] : `${PHASES.random}, then ${PHASES.train}`;
  return `${name} ${phase === "evaluate" ? "after" : "in"} ${visit === undefined ? "task" : "visit"} ${afterTask + 1}`;
}

/** What is known of a moment: `step 12 of 120 · 0.60 s · reward -3.2 · return -40`. */
export function readout({ steps, spec, totals, reward, returns }: EpisodeData, step: number): string[] {
  const at = Math.min(step, steps);
  return [
    `step ${at} of ${steps}`,
    `${(at * spec.controlPeriod).toFixed(2)} s`,
    `reward ${at === 0 ? "–" : shortNumber(reward[at - 1])}`,
    `return ${shortNumber(returns[at])}`,
    ...(totals.terminated && at === totals.steps ? ["ended by itself"] : []),
  ];
}

/** Measures of a moment, `position error, mm: 3.2`; at most `most`, errors first. */
export function measureTexts(
  { steps, measureNames, measures }: EpisodeData,
  step: number,
  most: number,
): string[] {
  const at = Math.min(step, steps) * measureNames.length;
  const isError = (key: string) => Number(/Error[A-Z][a-z]*$/.test(key));
  const order = [...measureNames.entries()].sort(([, a], [, b]) => isError(b) - isError(a));
  return order.slice(0, most).map(([i, key]) => {
    const { name, unit } = measureName(key);
    return `${name} ${shortNumber(measures[at + i])}${unit === undefined ? "" : ` ${unit}`}`;
  });
}
