import { rmSync } from "node:fs";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makePlayable } from "../../../scripts/report/playable.js";
import { reportData } from "../../../scripts/report/report.js";
import { readSource } from "../../../scripts/report/runs.js";
import { checkOutput, writeOutput } from "../../../scripts/report/write.js";
import { temporaryFolder } from "../../files.js";
import { accessibilityFaults } from "../accessibility.js";
import { launchChromium, noBrowser } from "../chromium.js";
import { makeRun, makeSweep } from "./folders.js";

/** A busy machine takes long to draw. */
const PATIENCE = { timeout: 60_000 };

const root = temporaryFolder();
let browser: Browser;
beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(async () => {
  await browser?.close();
  rmSync(root, { recursive: true });
});

/** Opens a report from its file; `complaints` collects errors, warnings and requests other than for the file. */
async function open(name: string, paths: readonly string[]) {
  const files = checkOutput(join(root, `${name}.html`));
  writeOutput(files, makePlayable(reportData(readSource(paths), files.html), basename(files.episodes)));
  const url = pathToFileURL(files.html).href;
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, colorScheme: "light" });
  page.setDefaultTimeout(PATIENCE.timeout);
  const complaints: string[] = [];
  page.on("console", (message) => complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("dialog", (dialog) => {
    complaints.push(`dialog ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("request", (request) => {
    if (request.url() !== url) complaints.push(`request ${request.url()}`);
  });
  await page.goto(url);
  return { page, complaints };
}

const variable = (page: Page, name: string) =>
  page.evaluate(
    `getComputedStyle(document.documentElement).getPropertyValue(${JSON.stringify(name)}).trim()`,
  ) as Promise<string>;
/** Shapes of a plot that are drawn with a colour. */
const marks = (page: Page, plot: string, attribute: string, color: string) =>
  page.locator(`${plot} svg path[${attribute}="${color}"]`).count();
const texts = (page: Page, plot: string) => page.locator(`${plot} svg text`).allTextContents();

describe.skipIf(noBrowser)("a page", () => {
  const sweep = join(root, "sweep");
  let page: Page;
  let complaints: string[];
  beforeAll(async () => {
    makeSweep(sweep, [
      { method: "hypercrl", seed: 1 },
      { method: "hypercrl", seed: 2, offset: 5 },
      { method: "single", seed: 1 },
      { method: "single", seed: 2, learned: 1 },
    ]);
    ({ page, complaints } = await open("sweep", [sweep]));
  });

  it("opens from its file, asks for nothing and complains about nothing", async () => {
    // Five quantities against steps, two matrices, eleven figures, model errors of two tasks, and time.
    expect(await page.locator("[data-chart] svg").count()).toBe(5 + 2 + 11 + 2 + 1);
    expect(await page.locator(".unfinished").textContent()).toMatch(/1 of 4 runs go on or were stopped/);
    expect(complaints).toEqual([]);
  });

  it("draws every mark, in the colour of its method", async () => {
    const [hypercrl, single] = [await variable(page, "--line-0"), await variable(page, "--line-1")];
    const curves = '[data-chart="return"]';
    // A path each of random and of planned episodes; tasks are breaks in it.
    for (const color of [hypercrl, single]) expect(await marks(page, curves, "stroke", color)).toBe(2);
    // A dot per episode, and a band per task and phase where two runs are compared.
    expect(await marks(page, curves, "fill", hypercrl)).toBe(12 + 4);
    expect(await marks(page, curves, "fill", single)).toBe(12 + 2);
    expect(await texts(page, curves)).toEqual(
      expect.arrayContaining(["a", "b", "environment steps", "episode return"]),
    );

    const average = '[data-score="average"]';
    for (const color of [hypercrl, single]) expect(await marks(page, average, "fill", color)).toBe(1);
    const dots = await marks(page, average, "fill", await variable(page, "--page"));
    expect(dots).toBe(3);

    const cells = (await texts(page, '[data-label="hypercrl"]')).filter((text) => /\.\d\d$/.test(text));
    expect(cells).toHaveLength(3);
    expect((await texts(page, '[data-label="single"]')).filter((text) => text === "1.00")).toHaveLength(2);
  });

  it("draws a dash where a task was not evaluated", async () => {
    const tasks = ["a", "b", "c"];
    const gaps = makeRun(join(root, "gaps"), {
      ...{ method: "ewc", seed: 1, tasks, loop: { evaluateTasks: 1 } },
    });
    const { page } = await open("gaps", [gaps]);
    const dashes = page.locator('[data-chart="matrix"] text', { hasText: /^–$/ });
    expect(await dashes.count()).toBe(1);
    await page.close();
  });

  it("hides a method in all plots when its button is pressed", async () => {
    const single = await variable(page, "--line-1");
    await page.getByRole("button", { name: "single" }).click();
    for (const plot of ['[data-chart="return"]', '[data-score="average"]']) {
      expect(
        await page
          .locator(`${plot} svg path[stroke="${single}"], ${plot} svg path[fill="${single}"]`)
          .count(),
      ).toBe(0);
    }
    expect(await page.locator('[data-label="single"]').isVisible()).toBe(false);
    await page.getByRole("button", { name: "single" }).click();
    expect(await marks(page, '[data-score="average"]', "fill", single)).toBe(1);
  });

  it("tells values where the pointer is", async () => {
    await page.locator('[data-label="hypercrl"]').hover({ position: { x: 80, y: 60 } });
    await expect
      .poll(() => page.locator('[data-label="hypercrl"]').innerText(), PATIENCE)
      .toMatch(/on a after a[\s\S]*return 104\.5[\s\S]*n 2/);
  });

  const widths = (selector: string) =>
    page
      .locator(selector)
      .evaluateAll((places) => places.map(({ clientWidth, scrollWidth }) => [clientWidth, scrollWidth]));

  it("has tables that fit a laptop, and show on a phone that they go on", async () => {
    const fitting = await widths(".scroll");
    expect(fitting.length).toBeGreaterThan(3);
    for (const [room, wide] of fitting) expect(wide).toBe(room);
    await page.setViewportSize({ width: 390, height: 844 });
    const comparison = page.locator(".scroll").first();
    const [[room = 0, wide = 0] = []] = await widths(".scroll");
    expect(wide).toBeGreaterThan(room);
    // The foremost shadow at the right edge, beside the text, is there until the table has come to its end.
    const edge = async () => {
      const box = (await comparison.boundingBox())!;
      const clip = { x: box.x + box.width - 3, y: box.y + 2, width: 3, height: 2 };
      return (await page.screenshot({ clip })).toString("base64");
    };
    await comparison.scrollIntoViewIfNeeded();
    const before = await edge();
    await comparison.evaluate((place) => place.scrollTo({ left: place.scrollWidth }));
    expect(await edge()).not.toBe(before);
    await page.setViewportSize({ width: 1280, height: 800 });
  });

  it("shows both of two lines that coincide", async () => {
    const same = ["single", "finetune"].map((method) =>
      makeRun(join(root, `same-${method}`), { method, seed: 1 }),
    );
    const twice = (await open("same", same)).page;
    const dashed = async (line: number) => {
      const color = await variable(twice, `--line-${line}`);
      return twice
        .locator(`[data-chart="return"] svg path[stroke="${color}"][stroke-dasharray="6,6"]`)
        .count();
    };
    expect([await dashed(0), await dashed(1)]).toEqual([0, 1]);
    await twice.close();
  });

  it("has no fault that axe-core knows of, in both colour schemes, with all of it open", async () => {
    await page.evaluate("for (const part of document.querySelectorAll('details')) part.open = true");
    expect(await accessibilityFaults(page)).toEqual([]);
    await page.emulateMedia({ colorScheme: "dark" });
    await page.setViewportSize({ width: 390, height: 844 });
    expect(await accessibilityFaults(page)).toEqual([]);
    await page.emulateMedia({ colorScheme: "light" });
    await page.setViewportSize({ width: 1280, height: 800 });
    await page.evaluate("for (const part of document.querySelectorAll('details')) part.open = false");
  });

  it("follows the colour scheme and fits a phone", async () => {
    const light = await variable(page, "--line-0");
    await page.emulateMedia({ colorScheme: "dark" });
    await page.setViewportSize({ width: 390, height: 844 });
    const dark = await variable(page, "--line-0");
    expect(dark).not.toBe(light);
    await expect.poll(() => marks(page, '[data-score="average"]', "fill", dark), PATIENCE).toBe(1);
    // Charts are laid out anew a moment after the window has changed.
    await expect.poll(() => page.evaluate("document.documentElement.scrollWidth"), PATIENCE).toBe(390);
    expect(complaints).toEqual([]);
  });
});

describe.skipIf(noBrowser)("names that look like HTML", () => {
  const attack = `<img src=x onerror="alert(1)"></script><script>alert(2)</script>'&amp;`;

  it("are shown and do nothing", async () => {
    const run = makeRun(join(root, "hostile <b>x"), {
      ...{
        method: "hypercrl",
        seed: 1,
        suite: `suite ${attack}`,
        tasks: [`one ${attack}`, "two {b|c} {value}"],
      },
    });
    const { page, complaints } = await open("hostile", [run]);
    expect(await page.locator("h1").textContent()).toBe(`suite ${attack}`);
    expect(await page.title()).toContain(`suite ${attack}`);
    expect(await page.locator("details td").allTextContents()).toContain(`one ${attack}`);
    const [wide] = [(await texts(page, '[data-chart="return"]')).find((text) => text.startsWith("one"))];
    expect(wide).toMatch(/^one <img src=x/);
    await page.locator('[data-label="hypercrl"]').hover({ position: { x: 80, y: 60 } });
    await expect
      .poll(() => page.locator('[data-label="hypercrl"]').innerText(), PATIENCE)
      .toContain(`on one ${attack} after one ${attack}`);
    await page.locator('[data-chart="return"]').hover({ position: { x: 200, y: 150 } });
    await expect
      .poll(() => page.locator('[data-chart="return"]').innerText(), PATIENCE)
      .toContain(`one ${attack}, step`);
    expect(await page.locator("img").count()).toBe(0);
    expect(await page.locator("script").count()).toBe(2);
    expect(complaints).toEqual([]);
  });
});
