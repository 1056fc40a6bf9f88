import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { constants, setPriority } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { temporaryFolder } from "../../files.js";
import { take } from "../../take.js";
import { TINY, TINY_PUSH } from "../call.js";
import { launchChromium, noBrowser } from "../chromium.js";
import { metricsLines, start } from "../cli.js";
import { drawn, openWatched, until } from "../viewer/chromium.js";

const folder = temporaryFolder();
/** Goes on until it is stopped. */
const ENDLESS = [...TINY_PUSH, "--set", "loop.stepsPerTask=100000", "--set", "loop.bufferCapacity=1000"];
const PATIENCE = { timeout: 90_000 };
const started: { readonly kill: (signal: NodeJS.Signals) => boolean }[] = [];

afterEach(() => {
  for (const { kill } of started.splice(0)) kill("SIGKILL");
});

afterAll(() => rmSync(folder, { recursive: true }));

/** Trains with the viewer beside it; returns once the address is told. */
async function trainWithView(name: string, ...options: readonly string[]) {
  const out = join(folder, name);
  const trainer = start(["train", "--view", "--threads", "1", "--out", out, ...options]);
  started.push(trainer);
  const address = () => {
    const { stdout, stderr } = trainer.printed();
    return /http:\/\/127\.0\.0\.1:\d+\//.exec(stdout + stderr)?.[0] ?? "";
  };
  await expect.poll(address, PATIENCE).not.toBe("");
  const [viewer] = take(1, childrenOf(trainer.pid));
  return { out, trainer, viewer, url: address() };
}

function childrenOf(parent: number): number[] {
  const lines = execFileSync("ps", ["-A", "-o", "pid=,ppid="], { encoding: "utf8" }).trim().split("\n");
  const pairs = lines.map((line) => line.trim().split(/\s+/).map(Number) as [pid: number, ppid: number]);
  return pairs.filter(([pid, ppid]) => ppid === parent && isAlive(pid)).map(([pid]) => pid);
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

const answers = (url: string) =>
  fetch(url).then(
    ({ status }) => status,
    () => "nobody",
  );

describe("hypercrl train --view", { timeout: 300_000 }, () => {
  it.each<[NodeJS.Signals, number | null]>([
    ["SIGINT", 130],
    ["SIGKILL", null],
  ])("leaves no viewer behind after %s", async (signal, code) => {
    const { trainer, viewer, url } = await trainWithView(signal, "--json", ...ENDLESS);
    expect(trainer.printed().stdout).toMatch(/^\{"type":"view","url":"http:.*","port":\d+\}$/m);
    expect(await answers(url)).toBe(200);
    trainer.kill(signal);
    expect((await trainer.finished).code).toBe(code);
    await expect.poll(() => isAlive(viewer), PATIENCE).toBe(false);
    expect(await answers(url)).toBe("nobody");
  });

  it("goes on when the viewer dies, and says so", async () => {
    const { out, trainer, viewer } = await trainWithView("alone", ...ENDLESS);
    process.kill(viewer, "SIGKILL");
    await expect.poll(() => trainer.printed().stderr, PATIENCE).toContain("warning: the viewer was killed");
    const lines = metricsLines(out);
    await expect.poll(() => metricsLines(out), PATIENCE).toBeGreaterThan(lines + 2);
    trainer.kill("SIGINT");
    const { code, stderr } = await trainer.finished;
    expect(stderr).toContain(`\n  hypercrl view ${out}\n`);
    expect(code).toBe(130);
  });

  it("serves on after the end of the run, until it is stopped", async () => {
    const { trainer, viewer, url } = await trainWithView("whole", "--quiet", ...TINY);
    const lingering = `The viewer goes on at ${url} until Ctrl-C`;
    await expect.poll(() => trainer.printed().stderr, PATIENCE).toContain(lingering);
    expect(trainer.printed().stdout).toContain("Simulate the best evaluation episode");
    expect(trainer.printed().stdout).not.toContain(url);
    expect(await answers(url)).toBe(200);
    trainer.kill("SIGINT");
    expect((await trainer.finished).code).toBe(0);
    expect(isAlive(viewer)).toBe(false);
  });
});

describe.skipIf(noBrowser)("the page of a run that goes on", { timeout: 300_000 }, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser?.close());

  it("fills in, follows, waits while paused, and lets go for an episode chosen", async () => {
    const { out, trainer, url } = await trainWithView("watched", ...ENDLESS);
    // The browser draws without a graphics processor and needs the cores more than the run does.
    setPriority(trainer.pid, constants.priority.PRIORITY_LOW);
    const { page, context, complaints } = await openWatched(browser, url, url);
    await page.setViewportSize({ width: 820, height: 500 });
    await page.evaluate("globalThis.notReloaded = true");
    await drawn(page);
    const strip = page.locator(".run-strip");
    await until(page, "document.querySelector('.run-strip').dataset.status === 'running'");
    await until(page, "/task \\d\\/2 .*last return/.test(document.querySelector('.place').textContent)");
    const follow = page.getByRole("button", { name: "Open and play each new episode" });
    expect(await follow.getAttribute("aria-pressed")).toBe("true");

    // Twice: the newest at first, and one that was not there then.
    await page.evaluate("viewer.playback.setSpeed(8)");
    for (let i = 0; i < 2; i++) {
      const shown = await page.evaluate("viewer.stages[0].episode.file");
      await until(page, `viewer.stages[0].episode.file !== "${shown}"`);
    }
    await until(page, "viewer.playback.playing && viewer.playback.step > 3");
    await page.keyboard.press("ArrowLeft");
    const shown = await page.evaluate("viewer.stages[0].episode.file");
    const text = await strip.textContent();
    await expect.poll(() => strip.textContent(), PATIENCE).not.toBe(text);
    expect(await page.evaluate("viewer.stages[0].episode.file")).toBe(shown);

    const plot = (await page.locator(".plot.run .u-over").boundingBox())!;
    await page.mouse.click(plot.x + 3, plot.y + plot.height / 2);
    // How many episodes share a pixel depends on how fast the run is.
    await until(page, "viewer.stages[0].episode.file.startsWith('baseline-')");
    const chosen = await page.evaluate("viewer.stages[0].episode.file");
    expect(await follow.getAttribute("aria-pressed")).toBe("false");
    expect(await page.evaluate("notReloaded")).toBe(true);
    expect(complaints).toEqual([]);

    trainer.kill("SIGINT");
    await trainer.finished;
    await until(page, "document.querySelector('.run-strip').dataset.status === 'lost'");
    expect(await page.evaluate("viewer.stages[0].episode.file")).toBe(chosen);
    await context.close();
    expect(metricsLines(out)).toBeGreaterThan(3);
  });
});
