import { endianness } from "node:os";
import type { EpisodePlan } from "../../sim/recording/episode.js";
import type { PlayableEpisode } from "../../sim/recording/salvage.js";
import type { EpisodePayload, EpisodeRef, Floats, PlansPayload } from "./payload.js";

/** Packs an episode for the page. */
export function encodeEpisode({ source, file }: EpisodeRef, episode: PlayableEpisode): EpisodePayload {
  const { header, spec, totals, damage, start, steps, playback } = episode;
  const measureNames = Object.keys(start.measures);
  const states = [start, ...steps];
  return {
    source,
    file,
    header,
    spec,
    totals,
    ...(damage !== undefined && { damage }),
    steps: steps.length,
    bodies: playback.bodies,
    poses: floats(playback.poses),
    observation: floats(states.flatMap(({ observation }) => [...observation])),
    action: floats(steps.flatMap(({ action }) => [...action])),
    reward: floats(steps.map(({ reward }) => reward)),
    measureNames,
    measures: floats(
      states.flatMap(({ measures }) => measureNames.map((name) => measures[name] ?? Number.NaN)),
    ),
    ...(playback.plans.length > 0 && { plans: encodePlans(playback.plans, spec.observation.length) }),
  };
}

/** @param width X */
function encodePlans(plans: readonly EpisodePlan[], width: number): PlansPayload {
  const horizon = Math.max(...plans.map(({ expected }) => expected.length / width));
  const landmarks = [...new Set(plans.flatMap(({ paths }) => paths.map(({ landmark }) => landmark)))];
  const of = ({ paths }: EpisodePlan, name: string) => paths.filter(({ landmark }) => landmark === name);
  const sequences = Math.max(0, ...plans.flatMap((plan) => landmarks.map((name) => of(plan, name).length)));
  const rows = plans.flatMap((plan) =>
    landmarks.flatMap((name) => {
      const found = of(plan, name);
      return Array.from({ length: sequences }, (_, l) => padded(found[l]?.points ?? [], (horizon + 1) * 3));
    }),
  );
  return {
    steps: plans.map(({ step }) => step),
    horizon,
    landmarks,
    sequences,
    paths: floats(rows.flat()),
    expected: floats(plans.flatMap(({ expected }) => padded(expected, horizon * width))),
  };
}

function padded(values: ArrayLike<number>, length: number): number[] {
  return Array.from({ length }, (_, i) => values[i] ?? Number.NaN);
}

/** Packs numbers as little-endian float32. */
export function floats(values: ArrayLike<number>): Floats {
  const bytes = Buffer.from(Float32Array.from(values).buffer);
  if (endianness() === "BE") bytes.swap32();
  return bytes.toString("base64");
}
