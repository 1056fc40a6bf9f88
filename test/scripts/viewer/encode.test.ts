import { rmSync } from "node:fs";

import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { encodeEpisode, floats } from "../../../scripts/viewer/encode.js";
import { unpackEpisode, unpackFloats } from "../../../scripts/viewer/page/data.js";
import { readPlayable } from "../../../sim/recording/salvage.js";
import { temporaryFolder } from "../../files.js";
import { writeEpisode } from "./episodes.js";

const folder = temporaryFolder();

afterAll(() => rmSync(folder, { recursive: true }));

describe("an encoded episode", () => {
  it("unpacks into the numbers of the recording", async () => {
    const episode = readPlayable(await writeEpisode(join(folder, "a.mcap")));
    const { steps, start, playback } = episode;
    const sent = JSON.parse(JSON.stringify(encodeEpisode({ source: 1, file: "a.mcap" }, episode)));
    const data = unpackEpisode(sent);
    expect(data).toMatchObject({ source: 1, file: "a.mcap", steps: 35, header: episode.header });
    expect(data.bodies).toEqual(playback.bodies);
    expect(data.poses).toEqual(Float32Array.from(playback.poses));
    expect([...data.observation]).toEqual([start, ...steps].flatMap((s) => [...s.observation]));
    expect([...data.action]).toEqual(steps.flatMap((s) => [...s.action]));
    expect(data.reward).toEqual(Float32Array.from(steps, (s) => s.reward));
    expect(data.returns.at(-1)).toBeCloseTo(episode.totals.return, 3);
    expect(data.measureNames).toEqual(["distanceMm", "undefinedRatio"]);
    expect(data.measures[2]).toBe(Math.fround(steps[0]!.measures.distanceMm!));
    expect(data.measures[3]).toBeNaN();
  });

  it("keeps every float32, and what is none", () => {
    const values = [0, -0, 1e-45, 3.4e38, Number.NaN, Number.POSITIVE_INFINITY, 0.1];
    expect(unpackFloats(floats(values))).toEqual(Float32Array.from(values));
    expect(unpackFloats(floats([]))).toEqual(new Float32Array(0));
  });
});
