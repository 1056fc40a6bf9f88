import { writeFileSafely } from "../../../sim/core/files.js";
import { readEpisode } from "../../../sim/recording/reader.js";
import { GOAL_CORNERS } from "../../../tasks/push/push.js";

/** Pixels per metre, and the part of the table that is drawn, m. */
const SCALE = 1400;
const VIEW = { left: -0.3, right: 0.34, bottom: -0.2, top: 0.2 } as const;
/** How far a corner must have moved for the block to be drawn again, m. */
const MOVED = 0.02;

type Point = readonly [x: number, y: number];

const px = ([x, y]: Point): string =>
  `${((x - VIEW.left) * SCALE).toFixed(1)},${((VIEW.top - y) * SCALE).toFixed(1)}`;

/** Corners come as back right, back left, front right, front left; an outline goes around. */
function outline(corners: ArrayLike<number>): string {
  return [0, 1, 3, 2].map((i) => px([corners[2 * i], corners[2 * i + 1]])).join(" ");
}

/** The gripper's x, y from an observation: the marker is the middle of the block's back edge. */
function gripper(observation: Float32Array): Point {
  const middle = (k: number) => (observation[2 + k] + observation[4 + k]) / 2;
  return [middle(0) - observation[0], middle(1) - observation[1]];
}

/** Observations in which some corner has moved `MOVED` since the last of them, and the very last. */
function outlinesApart(observations: readonly Float32Array[]): Float32Array[] {
  const shown = [observations[0]];
  for (const o of observations) {
    const before = shown[shown.length - 1];
    if ([2, 4, 6, 8].some((i) => Math.hypot(o[i] - before[i], o[i + 1] - before[i + 1]) >= MOVED))
      shown.push(o);
  }
  return [...shown, observations[observations.length - 1]];
}

/** Draws a recorded push episode from above: the block every few steps, the gripper's path, the goal. */
export function drawPushEpisode(path: string): string {
  const { start, steps, header, totals } = readEpisode(path);
  const observations = [start.observation, ...steps.map((s) => s.observation)];
  const [width, height] = [(VIEW.right - VIEW.left) * SCALE, (VIEW.top - VIEW.bottom) * SCALE];
  const shown = outlinesApart(observations);
  const blocks = shown.map((o, i) => {
    const age = (i + 1) / shown.length;
    return `<polygon points="${outline(o.subarray(2))}" fill="#2f6db5" fill-opacity="${(0.03 + 0.12 * age).toFixed(2)}" stroke="#2f6db5" stroke-opacity="${(0.15 + 0.85 * age).toFixed(2)}" stroke-width="2"/>`;
  });
  const trail = observations.map(gripper).map(px).join(" ");
  const title = `Task ${header.task} kg/m³ (left-right): return ${totals.return.toFixed(0)} in ${totals.steps} steps`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width.toFixed(0)} ${height.toFixed(0)}" font-family="sans-serif" role="img" aria-label="${title}">
<rect width="100%" height="100%" fill="#f6f1e7"/>
${blocks.join("\n")}
<polygon points="${outline(GOAL_CORNERS)}" fill="none" stroke="#2a9d4a" stroke-width="4" stroke-dasharray="12 8"/>
<polyline points="${trail}" fill="none" stroke="#d1495b" stroke-width="3" stroke-linejoin="round"/>
<g font-size="22" fill="#333">
<text x="20" y="36">${title}</text>
<text x="20" y="${height - 20}"><tspan fill="#2f6db5">block every ${MOVED * 1000} mm</tspan> · <tspan fill="#d1495b">gripper path</tspan> · <tspan fill="#2a9d4a">goal</tspan> · seen from above, robot at the left</text>
</g>
</svg>
`;
}

const [episode, out, ...rest] = process.argv.slice(2);
if (episode === undefined || !out?.endsWith(".svg") || rest.length > 0) {
  console.error("usage: node dist/scripts/bench/figures/push-episode.js EPISODE.mcap OUT.svg");
  process.exitCode = 2;
} else {
  writeFileSafely(out, drawPushEpisode(episode));
}
