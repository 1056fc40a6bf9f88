import { endianness } from "node:os";
import type { PlayableEpisode } from "../../sim/recording/salvage.js";
import type { EpisodePayload, EpisodeRef, Floats } from "./payload.js";

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
    measures: floats(states.flatMap(({ measures }) => measureNames.map((name) => measures[name]))),
  };
}

/** Packs numbers as little-endian float32. */
export function floats(values: ArrayLike<number>): Floats {
  const bytes = Buffer.from(Float32Array.from(values).buffer);
  if (endianness() === "BE") bytes.swap32();
  return bytes.toString("base64");
}
