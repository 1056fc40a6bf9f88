import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import axe from "axe-core";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EpisodeCatalog } from "../../../scripts/viewer/episode-catalog.js";
import { serveViewer, type ViewerServer } from "../../../scripts/viewer/server.js";
import { Environment } from "../../../sim/environment.js";
import { EpisodeRecorder } from "../../../sim/recording/recorder.js";
import { initPhysics } from "../../../sim/world.js";
import { findSuite } from "../../../tasks/registry.js";
import { temporaryFolder } from "../../files.js";
import { BELIEVED, HEADER, PLANNED, recordUnannounced } from "../../sim/recording/fake-task.js";
import { launchChromium, noBrowser } from "../chromium.js";
import { drawn, openWatched, until } from "./chromium.js";
import { writeEpisode } from "./episodes.js";

const folder = temporaryFolder();

/** An episode of twenty steps with a pole of 0.6 m, which has 1.3 m after five, and whose length was not told. */
async function recordPoles(): Promise<Uint8Array> {
  await initPhysics();
  const { tasks } = findSuite("cartpole");
  const [first, second] = [tasks[0]!, tasks.at(-1)!];
  const [from, to] = [new Environment(first), new Environment(second)];
  from.reset(HEADER.seed);
  const recorder = new EpisodeRecorder(from, {
    ...HEADER,
    suite: "cartpole",
    task: first.name,
    taskIndex: 0,
  });
  for (let step = 0; step < 20; step++) {
    if (step === 5) {
      to.takeOver(from);
      recorder.switchTo(to, tasks.length - 1);
    }
    recorder.recordBelief({ tasks: [first.name, second.name], probabilities: [0.5, 0.5] });
    recorder.record([1], (step < 5 ? from : to).step([1]));
  }
  const bytes = await recorder.bytes();
  from.close();
  to.close();
  return bytes;
}

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

  it("follows the task where it changes in the middle of an episode: its mark, the band, the caption and the scene", async () => {
    const path = join(folder, "changing.mcap");
    writeFileSync(path, await recordPoles());
    const own = await serveViewer(new EpisodeCatalog([path]), 0, (error) => {
      throw error;
    });
    try {
      const { page, context, complaints } = await openWatched(browser, own.url, own.url);
      await drawn(page);
      const slider = page.getByRole("slider", { name: "Step" });
      const list = page.getByRole("region", { name: "Which task: belief" }).getByRole("listitem");
      const seen = async () => ({
        right: await list.first().textContent(),
        caption: await page.locator(".caption strong").textContent(),
        poles: await page.evaluate("viewer.stages[0].drawnLooks('pole')"),
        rails: await page.evaluate("viewer.stages[0].drawnLooks('rail')"),
      });
      expect(await seen()).toEqual({
        ...{ right: "0.6mtrue50 %", caption: "cartpole · 0.6m", poles: [true, false] },
        rails: [true],
      });
      // The step from state 5 is the first of the other task.
      await slider.fill("5");
      expect(await seen()).toEqual({
        ...{ right: "1.3mtrue50 %", caption: "cartpole · 1.3m", poles: [false, true] },
        rails: [true],
      });
      await slider.fill("4");
      expect((await seen()).caption).toBe("cartpole · 0.6m");
      const widths = (await page.evaluate(
        "[...document.querySelectorAll('.truth span')].map((e) => e.getBoundingClientRect().width)",
      )) as number[];
      expect(widths).toHaveLength(2);
      // Five steps of twenty, and fifteen; a border of two pixels is part of the second.
      expect(widths[1]! / (widths[0]! + widths[1]!)).toBeCloseTo(0.75, 1);
      expect(complaints).toEqual([]);
      await context.close();
    } finally {
      await own.close();
    }
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
