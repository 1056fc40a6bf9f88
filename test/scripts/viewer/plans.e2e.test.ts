import { rmSync } from "node:fs";

import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EpisodeCatalog } from "../../../scripts/viewer/episode-catalog.js";
import { serveViewer, type ViewerServer } from "../../../scripts/viewer/server.js";
import { readEpisode } from "../../../sim/recording/reader.js";
import { temporaryFolder } from "../../files.js";
import { PLANNED } from "../../sim/recording/fake-task.js";
import { take } from "../../take.js";
import { launchChromium, noBrowser } from "../chromium.js";
import { drawn, openWatched, until } from "./chromium.js";
import { writeEpisode } from "./episodes.js";

const folder = temporaryFolder();
let browser: Browser;
let server: ViewerServer | undefined;

beforeAll(async () => {
  browser = await launchChromium();
}, 120_000);

afterAll(async () => {
  await browser?.close();
  await server?.close();
  rmSync(folder, { recursive: true });
});

describe.skipIf(noBrowser)("recorded plans in a browser", { timeout: 300_000 }, () => {
  it("are drawn from where they were made, and plotted beside what came", async () => {
    const path = await writeEpisode(join(folder, "a.mcap"), {}, {}, true);
    await writeEpisode(join(folder, "plain.mcap"));
    server = await serveViewer(new EpisodeCatalog([path]), 0, (error) => {
      throw error;
    });
    const { page, context, complaints } = await openWatched(browser, server.url, server.url);
    await drawn(page);
    const { start, steps } = readEpisode(path);
    const states = [start, ...steps];
    const slider = page.getByRole("slider", { name: "Step" });
    const pieces = () => page.evaluate("viewer.stages[0].drawnPlan()") as Promise<number[]>;
    for (const step of [0, 12]) {
      await slider.fill(String(step));
      const line = await pieces();
      expect(line).toHaveLength(2 * PLANNED.horizon * 6);
      const [x, y] = take(2, states[step]!.observation);
      // The plan's last piece for the first landmark ends where four steps of one lead.
      const ends = [...line.slice(0, 3), ...line.slice((PLANNED.horizon - 1) * 6 + 3, PLANNED.horizon * 6)];
      [x, y, 1, x + PLANNED.horizon, y + PLANNED.horizon, 1].forEach((value, i) => {
        expect(ends[i]).toBeCloseTo(value, 5);
      });
    }
    const legend = page.locator('[data-quantity="observation"] .legend');
    // What the plan before expected: every entry one more than it was.
    const expected = (states[11]!.observation[0]! + 1).toFixed(2);
    expect(await legend.textContent()).toMatch(
      new RegExp(`^x, m [\\d.-]+ expected ${expected.replace(".", "\\.")}`),
    );

    await slider.fill("35");
    expect(await pieces()).toEqual([]);
    await slider.fill("12");
    await page.keyboard.press("m");
    expect(await pieces()).toEqual([]);
    const button = page.getByRole("button", { name: "Planned trajectories" });
    expect(await button.getAttribute("aria-pressed")).toBe("false");
    await button.click();
    expect(await pieces()).not.toEqual([]);

    await page.evaluate("viewer.open(0, { source: 0, file: 'plain.mcap' })");
    await until(page, "viewer.stages[0].episode.file === 'plain.mcap'");
    expect(await button.isHidden()).toBe(true);
    expect(await pieces()).toEqual([]);
    expect(complaints).toEqual([]);
    await context.close();
  });
});
