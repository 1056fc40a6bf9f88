import { describe, expect, it } from "vitest";
import { chooseOpen } from "../../../scripts/viewer/choose-open.js";
import type { EpisodeRow } from "../../../scripts/viewer/payload.js";

function row(source: number, file: string, of: Partial<EpisodeRow>): EpisodeRow {
  return { source, file, task: "a", phase: "evaluate", afterTask: 0, seed: 1, return: 0, ...of };
}

const ROWS: readonly EpisodeRow[] = [
  row(0, "early", { return: 9 }),
  row(0, "late-bad", { afterTask: 1, return: 1 }),
  row(0, "late-good", { afterTask: 1, return: 2, task: "b", seed: 7 }),
  row(0, "random", { phase: "random", afterTask: 1, return: 50 }),
  { source: 0, file: "broken", problem: "truncated" },
  row(1, "other-a", { afterTask: 1 }),
  row(1, "other-b-first", { afterTask: 0, task: "b", seed: 7 }),
  row(1, "other-b-seed-6", { afterTask: 1, task: "b", seed: 6 }),
  row(1, "other-b", { afterTask: 1, task: "b", seed: 7 }),
];
const whole = (source: number) => ({ source, file: undefined });

describe("chooseOpen", () => {
  it("opens the best episode of a run's last evaluation", () => {
    expect(chooseOpen([whole(0)], ROWS)).toEqual([{ source: 0, file: "late-good" }]);
  });

  it("opens the best of all where nothing was evaluated", () => {
    const rows = ROWS.filter(({ phase }) => phase !== "evaluate");
    expect(chooseOpen([whole(0)], rows)).toEqual([{ source: 0, file: "random" }]);
  });

  it("opens the counterpart of a second run", () => {
    expect(chooseOpen([whole(0), whole(1)], ROWS).map(({ file }) => file)).toEqual(["late-good", "other-b"]);
    const without = ROWS.filter(({ file }) => file !== "other-b");
    expect(chooseOpen([whole(0), whole(1)], without)[1]!.file).toBe("other-b-seed-6");
  });

  it("opens the episodes named, also one that cannot be played", () => {
    const given = [
      { source: 0, file: "broken" },
      { source: 0, file: "early" },
    ];
    expect(chooseOpen(given, ROWS)).toEqual(given);
  });
});
