import { rmSync, writeFileSync } from "node:fs";

import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EpisodeCatalog } from "../../../scripts/viewer/episode-catalog.js";
import { serveViewer, type ViewerServer } from "../../../scripts/viewer/server.js";
import { temporaryFolder } from "../../files.js";
import { accessibilityFaults } from "../accessibility.js";
import { launchChromium, noBrowser } from "../chromium.js";
import { drawn, openWatched, until } from "./chromium.js";
import { episodeBytes, writeEpisode } from "./episodes.js";
import { BASELINE, beginRun, LEARNING } from "./run-lines.js";

const folder = temporaryFolder();
const run = join(folder, "run");
const other = join(folder, "other");
let browser: Browser;
let server: ViewerServer;

beforeAll(async () => {
  browser = await launchChromium();
  for (const at of [run, other]) {
    beginRun(at);
    await writeEpisode(
      join(at, "episodes", "01-train-0001.mcap"),
      { phase: "train", afterTask: 0 },
      {},
      true,
    );
    const bytes = await episodeBytes({ phase: "random", afterTask: -1 });
    writeFileSync(join(at, "episodes", "baseline-01-01.mcap"), bytes.subarray(0, bytes.length >> 1));
    writeFileSync(join(at, "episodes", "none.mcap"), "hello");
    writeFileSync(
      join(at, "metrics.jsonl"),
      BASELINE + LEARNING.replace('"success":false', '"success":true'),
    );
  }
  server = await serveViewer(new EpisodeCatalog([run, other]), 0, (error) => {
    throw error;
  });
}, 120_000);

afterAll(async () => {
  await browser?.close();
  await server?.close();
  rmSync(folder, { recursive: true });
});

/** Every state of the page, by how to get there from the one before. */
const STATES: readonly (readonly [name: string, enter: (page: Page) => Promise<void>])[] = [
  ["two episodes and two runs", (page) => drawn(page, 2)],
  [
    "one episode",
    async (page) => {
      await page.getByRole("button", { name: "Show one alone" }).click();
      await drawn(page, 1);
    },
  ],
  ["choices of a plot", (page) => page.locator(".plot summary").last().click()],
  ["playing", (page) => page.getByRole("button", { name: "Play" }).click()],
  [
    "a damaged recording",
    async (page) => {
      await page.evaluate("viewer.open(0, { source: 0, file: 'baseline-01-01.mcap' })");
      await page.locator(".damage:not([hidden])").waitFor();
    },
  ],
  [
    "a message",
    async (page) => {
      await page.evaluate("viewer.open(0, { source: 0, file: 'none.mcap' })");
      await page.locator(".message:not([hidden])").waitFor();
    },
  ],
  [
    "the list",
    async (page) => {
      await page.keyboard.press("e");
      await page.locator(".picker tbody tr").first().waitFor();
    },
  ],
  [
    "the keys",
    async (page) => {
      await page.keyboard.press("Escape");
      await page.keyboard.press("?");
      await page.getByRole("dialog", { name: "Keys" }).waitFor();
    },
  ],
];

describe.skipIf(noBrowser)("the viewer's page for everybody", { timeout: 300_000 }, () => {
  it.each([
    ["light", 1280, 800],
    ["dark", 390, 844],
  ] as const)(
    "has no fault that axe-core knows of, in %s and %i wide",
    async (colorScheme, width, height) => {
      const { page, context, complaints } = await openWatched(browser, server.url, server.url);
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height });
      for (const [name, enter] of STATES) {
        await enter(page);
        expect(await accessibilityFaults(page), name).toEqual([]);
      }
      // A recording that cannot be read is answered with its error, which the browser notes.
      expect(complaints.filter((text) => !text.includes("422"))).toEqual([]);
      await context.close();
    },
  );

  it("names every control, and says in words what is drawn", async () => {
    const { page, context } = await openWatched(browser, server.url, server.url);
    await drawn(page, 2);
    for (const name of ["reward", "action", "observation", "measures"]) {
      expect(await page.getByText(`choose what is plotted of ${name}`).count(), name).toBe(1);
    }
    expect(await page.getByRole("img", { name: "reward over the steps" }).count()).toBe(1);
    expect(await page.getByRole("img", { name: "Return of each episode" }).count()).toBe(2);
    expect(await page.getByRole("img", { name: "Episode 01-train-0001.mcap in 3D" }).count()).toBe(2);
    await page.getByRole("slider", { name: "Step" }).fill("7");
    expect(await page.getByRole("slider", { name: "Step" }).getAttribute("aria-valuetext")).toBe(
      "step 7 of 35",
    );
    await page.keyboard.press("e");
    await page.locator(".picker tbody tr").first().waitFor();
    for (const name of ["Run", "Task", "Phase", "After task", "Success"]) {
      expect(await page.getByRole("combobox", { name, exact: true }).count(), name).toBe(1);
    }
    expect(await page.getByRole("searchbox", { name: "Words in the names" }).count()).toBe(1);
    await page.getByRole("combobox", { name: "Success" }).selectOption("success");
    await expect.poll(() => page.locator(".picker .count").textContent()).toBe("0 of 6");
    await page.getByRole("combobox", { name: "Success" }).selectOption("no success");
    await expect.poll(() => page.locator(".picker .count").textContent()).toBe("4 of 6");
    await context.close();
  });

  it("shows which episodes of a run succeeded, with the line at the one that is open", async () => {
    const { page, context } = await openWatched(browser, server.url, server.url);
    await drawn(page, 2);
    const plot = page.locator(".plot.run").first();
    await plot.locator(".u-over").waitFor();
    expect(await plot.locator(".legend").textContent()).toContain("success: random 0 of 1, learning 1 of 1");
    expect(await plot.locator(".hint").textContent()).toMatch(/^episode 2: first, .*, success$/);
    // Numbers 0.5 to 2.5 from edge to edge.
    const share = async (at: ViewerServer, episode: number, of: number) => {
      const [over, line] = await Promise.all([
        plot.locator(".u-over").boundingBox(),
        plot.locator(".moment").boundingBox(),
      ]);
      expect((line!.x + 1 - over!.x) / over!.width, at.url).toBeCloseTo((episode - 0.5) / of, 1);
    };
    await share(server, 2, 2);
    // One update: the line must stand where the episode is now.
    const added = Array.from({ length: 6 }, (_, i) => LEARNING.replace("0001", `000${i + 2}`)).join("");
    writeFileSync(join(run, "metrics.jsonl"), added, { flag: "a" });
    await expect
      .poll(() => plot.locator(".legend").textContent(), { timeout: 20_000 })
      .toContain("learning 1 of 7");
    await share(server, 2, 8);
    await context.close();
  });

  it("keeps the texts out of the picture on a phone", async () => {
    const { page, context } = await openWatched(browser, server.url, server.url);
    await page.setViewportSize({ width: 390, height: 844 });
    await until(page, "viewer.stages.length === 2");
    await page.getByRole("button", { name: "Show one alone" }).click();
    await drawn(page, 1);
    const box = async (selector: string) => (await page.locator(selector).boundingBox())!;
    const [picture, caption, readout] = [
      await box(".stage canvas"),
      await box(".caption"),
      await box(".readout"),
    ];
    expect(caption.y + caption.height).toBeLessThanOrEqual(picture.y);
    expect(readout.y).toBeGreaterThanOrEqual(picture.y + picture.height - 1);
    expect(picture.height).toBeGreaterThan(250);
    await context.close();
  });
});
