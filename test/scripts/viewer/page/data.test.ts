import { describe, expect, it } from "vitest";
import { embeddedSource } from "../../../../scripts/viewer/page/data.js";

describe("embeddedSource", () => {
  it("says so when an episode is not part of the page", async () => {
    const index = { sources: ["run"], episodes: [], open: [], runs: [] };
    const source = embeddedSource({ index, episodes: [] });
    expect(await source.index()).toBe(index);
    await expect(source.episode({ source: 0, file: "a.mcap" })).rejects.toThrow(
      "a.mcap is not part of this page",
    );
  });
});
