import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import axe from "axe-core";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EpisodeCatalog } from "../../../scripts/viewer/episode-catalog.js";
import { serveViewer, type ViewerServer } from "../../../scripts/viewer/server.js";
import { temporaryFolder } from "../../files.js";
import { BELIEVED, PLANNED, recordUnannounced } from "../../sim/recording/fake-task.js";
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

describe.skipIf(noBrowser)("what was believed of the task, in a browser", { timeout: 300_000 }, () => {
  it("stands below the scrubber, and what each model predicts is drawn until one takes over", async () => {
    const path = join(folder, "a.mcap");
    writeFileSync(path, await recordUnannounced(35).bytes());
    await writeEpisode(join(folder, "plain.mcap"));
    server = await serveViewer(new EpisodeCatalog([path]), 0, (error) => {
      throw error;
    });
    const { page, context, complaints } = await openWatched(browser, server.url, server.url);
    await drawn(page);
    const slider = page.getByRole("slider", { name: "Step" });
    const region = page.getByRole("region", { name: "Which task: belief" });
    const bars = async () => (await region.getByRole("listitem").allTextContents()).join("|");
    const pieces = (kind: string) => page.evaluate(`viewer.stages[0].${kind}().length / 6`);

    // Planned with three models: two landmarks each; the plan of one alone is not drawn.
    expect(await bars()).toBe("pointtrue39 %|light15 %|heavy46 %");
    expect(await pieces("drawnTaskPlans")).toBe(BELIEVED.length * 2 * PLANNED.horizon);
    expect(await pieces("drawnPlan")).toBe(0);
    // From step 5 on, made in state 4, one is planned for alone.
    await slider.fill("4");
    expect(await bars()).toBe("pointtrue96 %|light1 %|heavy3 %");
    expect(await pieces("drawnTaskPlans")).toBe(0);
    expect(await pieces("drawnPlan")).toBe(2 * PLANNED.horizon);

    const strip = region.getByRole("img");
    expect(await strip.getAttribute("aria-label")).toMatch(/now point 96 %, heavy 3 %/);
    const box = (await strip.boundingBox())!;
    await page.mouse.click(box.x + box.width / 2, box.y + 10);
    expect(Number(await slider.inputValue())).toBeGreaterThanOrEqual(17);
    expect(Number(await slider.inputValue())).toBeLessThanOrEqual(18);

    await slider.fill("0");
    await page.keyboard.press("m");
    expect(await pieces("drawnTaskPlans")).toBe(0);
    await page.keyboard.press("m");
    expect(await pieces("drawnTaskPlans")).toBeGreaterThan(0);

    await page.evaluate("viewer.open(0, { source: 0, file: 'plain.mcap' })");
    await until(page, "viewer.stages[0].episode.file === 'plain.mcap'");
    expect(await region.count()).toBe(0);
    expect(complaints).toEqual([]);
    await context.close();
  });

  it("can be heard and read, on light ground and on dark, and where there is little room", async () => {
    const path = join(folder, "b.mcap");
    writeFileSync(path, await recordUnannounced(35).bytes());
    const own = await serveViewer(new EpisodeCatalog([path, path]), 0, () => {});
    try {
      for (const colorScheme of ["light", "dark"] as const) {
        const context = await browser.newContext({
          viewport: { width: 420, height: 700 },
          colorScheme,
          bypassCSP: true,
        });
        const page = await context.newPage();
        await page.goto(own.url);
        await drawn(page, 2);
        await page.evaluate(axe.source);
        const { violations } = (await page.evaluate("axe.run('.transport')")) as axe.AxeResults;
        expect(violations.map(({ id, help }) => `${id}: ${help}`)).toEqual([]);
        // Two episodes have a strip each, as wide as the window allows.
        const widths = "[...document.querySelectorAll('.areas')].map((e) => e.getBoundingClientRect().width)";
        const [left, right] = (await page.evaluate(widths)) as number[];
        expect(left).toBe(right);
        expect(left).toBeGreaterThan(250);
        expect(await page.evaluate("document.documentElement.scrollWidth <= innerWidth")).toBe(true);
        await context.close();
      }
    } finally {
      await own.close();
    }
  });
});
