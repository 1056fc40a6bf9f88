import type { EpisodePlan } from "../../sim/recording/episode.js";
import { pathNumbers, planShape } from "../../sim/recording/plan-shape.js";
import type { PlayableEpisode } from "../../sim/recording/salvage.js";
import { encodeBeliefs } from "./encode-beliefs.js";
import { floats } from "./floats.js";
import type { EpisodePayload, EpisodeRef, Floats, PlansPayload } from "./payload.js";

/** Packs an episode for the page. */
export function encodeEpisode({ source, file }: EpisodeRef, episode: PlayableEpisode): EpisodePayload {
  const { header, spec, totals, damage, start, steps, playback } = episode;
  const measureNames = Object.keys(start.measures);
  const states = [start, ...steps];
  const measuresOf = ({ measures }: (typeof states)[number]) =>
    measureNames.map((name) => measures[name] ?? Number.NaN);
  return {
    source,
    file,
    header,
    spec,
    totals,
    ...(damage !== undefined && { damage }),
    steps: steps.length,
    bodies: playback.bodies,
    ...(playback.bodiesAfter.length > 0 && { bodiesAfter: playback.bodiesAfter }),
    poses: floats(playback.poses),
    observation: rows(states, spec.observation.length, ({ observation }) => observation),
    action: rows(steps, spec.action.length, ({ action }) => action),
    reward: floats(steps.map(({ reward }) => reward)),
    measureNames,
    measures: rows(states, measureNames.length, measuresOf),
    ...(playback.plans.length > 0 && { plans: encodePlans(playback.plans, spec.observation.length) }),
    ...encodeBeliefs(playback),
  };
}

/** @param width X */
function encodePlans(plans: readonly EpisodePlan[], width: number): PlansPayload {
  const shape = planShape(plans, width);
  const { horizon, landmarks, sequences } = shape;
  const size = (horizon + 1) * 3;
  const indices = new Map(landmarks.map((name, t) => [name, t]));
  const paths = new Float32Array(pathNumbers(shape)).fill(Number.NaN);
  for (const [p, plan] of plans.entries()) {
    const found = landmarks.map(() => 0);
    for (const { landmark, points } of plan.paths) {
      const t = indices.get(landmark)!;
      const l = found[t]!++;
      paths.set(points.subarray(0, size), ((p * landmarks.length + t) * sequences + l) * size);
    }
  }
  const padded = ({ expected }: EpisodePlan) => {
    const out = new Float32Array(horizon * width).fill(Number.NaN);
    out.set(expected);
    return out;
  };
  return {
    steps: plans.map(({ step }) => step),
    horizon,
    landmarks,
    sequences,
    paths: floats(paths),
    expected: rows(plans, horizon * width, padded),
  };
}

/** Packs a row of `width` numbers of each item. */
function rows<T>(items: readonly T[], width: number, rowOf: (item: T) => ArrayLike<number>): Floats {
  const out = new Float32Array(items.length * width);
  for (const [i, item] of items.entries()) out.set(rowOf(item), i * width);
  return floats(out);
}
