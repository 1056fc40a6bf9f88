import { rmSync, writeFileSync } from "node:fs";

import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { encodeEpisode } from "../../../scripts/viewer/encode.js";
import { floats } from "../../../scripts/viewer/floats.js";
import { unpackEpisode } from "../../../scripts/viewer/page/data.js";
import { unpackFloats } from "../../../scripts/viewer/page/floats.js";
import { readPlayable } from "../../../sim/recording/salvage.js";
import { temporaryFolder } from "../../files.js";
import { BELIEVED, PLANNED, recordUnannounced } from "../../sim/recording/fake-task.js";
import { take } from "../../take.js";
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

  it("has what was believed of the tasks, and the paths that their models predict, padded to the most", async () => {
    const path = join(folder, "b.mcap");
    writeFileSync(path, await recordUnannounced(6).bytes());
    const episode = readPlayable(path);
    const { beliefs, taskPlans } = unpackEpisode(encodeEpisode({ source: 0, file: "b.mcap" }, episode));
    expect(beliefs!.tasks).toEqual(BELIEVED);
    expect(beliefs!.probabilities).toEqual(Float32Array.from(episode.playback.beliefs!.probabilities));
    const { steps, lines, points, tasks, paths } = taskPlans!;
    expect([steps, lines, points]).toEqual([6, 6, PLANNED.horizon + 1]);
    expect(tasks.slice(0, 6)).toEqual([0, 0, 1, 1, 2, 2]);
    expect(tasks.slice(4 * 6)).toEqual(new Array(12).fill(-1));
    const [first] = take(1, episode.playback.taskPlans[3]!);
    expect(paths.subarray(3 * 6 * points * 3, 3 * 6 * points * 3 + points * 3)).toEqual(first.points);
    expect(paths.at(-1)).toBeNaN();
    const plain = readPlayable(await writeEpisode(join(folder, "c.mcap")));
    expect(Object.keys(encodeEpisode({ source: 0, file: "c.mcap" }, plain))).not.toContain("beliefs");
  });

  it("keeps every float32, and what is none", () => {
    const values = [0, -0, 1e-45, 3.4e38, Number.NaN, Number.POSITIVE_INFINITY, 0.1];
    expect(unpackFloats(floats(values))).toEqual(Float32Array.from(values));
    expect(unpackFloats(floats([]))).toEqual(new Float32Array(0));
  });
});
