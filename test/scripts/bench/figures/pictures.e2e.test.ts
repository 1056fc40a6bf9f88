import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { launchChromium } from "../../../../scripts/bench/figures/chromium.js";
import { temporaryFolder } from "../../../files.js";
import { expectOneError, TINY } from "../../call.js";
import { noBrowser } from "../../chromium.js";
import { run, runScript } from "../../cli.js";

const folder = temporaryFolder();
const out = join(folder, "pictures");
const SCRIPT = resolve("dist/scripts/bench/figures/pictures.js");
afterAll(() => rmSync(folder, { recursive: true }));

/** Width and height of a PNG file, pixels. */
function sizeOf(path: string): [number, number] {
  const bytes = readFileSync(path);
  expect(bytes.toString("latin1", 1, 4)).toBe("PNG");
  return [bytes.readUInt32BE(16), bytes.readUInt32BE(20)];
}

/** How many colors the middle of each picture has. */
async function lookAt(names: readonly string[]): Promise<[string, number][]> {
  const browser = await launchChromium();
  try {
    const page = await browser.newPage();
    const looks: [string, number][] = [];
    for (const name of names) {
      const url = `data:image/png;base64,${readFileSync(join(out, `${name}.png`)).toString("base64")}`;
      const colors = await page.evaluate(`(async () => {
        const image = new Image();
        image.src = ${JSON.stringify(url)};
        await image.decode();
        const canvas = new OffscreenCanvas(image.width, image.height).getContext("2d");
        canvas.drawImage(image, 0, 0);
        const { width, height } = image;
        const { data } = canvas.getImageData(width / 4, height / 4, width / 2, height / 2);
        return new Set(new Uint32Array(data.buffer)).size;
      })()`);
      looks.push([name, colors as number]);
    }
    return looks;
  } finally {
    await browser.close();
  }
}

describe("the pictures of the README", () => {
  it("are refused with the usage where an argument is missing", async () => {
    const finished = await runScript(SCRIPT, [out, "a", "b"]);
    expectOneError(finished, 2, /got 3 arguments; expected npm run pictures -- OUT_FOLDER PUSH_RUN DOOR_RUN/);
  });

  it("say when there is no Chromium", async () => {
    const env = { HYPERCRL_CHROMIUM: join(folder, "none") };
    const finished = await runScript(SCRIPT, [out, "a", "b", "c"], env);
    expectOneError(finished, 1, /need Chromium to be drawn; got no file .*none; .*Install it/);
    expect(existsSync(out)).toBe(false);
  });

  it.skipIf(noBrowser)("are PNG files of their size, drawn from runs", { timeout: 600_000 }, async () => {
    const tiny = join(folder, "tiny");
    expect((await run(["train", "--quiet", "--out", tiny, ...TINY])).code).toBe(0);
    const { code, stderr } = await runScript(SCRIPT, [out, tiny, tiny, tiny]);
    expect([code, stderr]).toEqual([0, ""]);
    for (const name of ["door", "push", "then-and-now"]) {
      expect(sizeOf(join(out, `${name}.png`)), name).toEqual([1040, 650]);
    }
    for (const name of ["learning-curves", "evaluation-matrix"]) {
      const [width, height] = sizeOf(join(out, `${name}.png`));
      expect(width, name).toBe(1040);
      expect(height, name).toBeGreaterThan(300);
    }
    expect(readdirSync(out)).toHaveLength(5);

    const names = ["door", "push", "then-and-now", "learning-curves", "evaluation-matrix"];
    const looks = new Map(await lookAt(names));
    // A scene is shaded and lit; of the runs, all of which are the same, the best episode is the same.
    for (const name of ["door", "push", "then-and-now"]) expect(looks.get(name), name).toBeGreaterThan(200);
    expect(readFileSync(join(out, "door.png")).equals(readFileSync(join(out, "push.png")))).toBe(true);
    expect(readFileSync(join(out, "then-and-now.png")).equals(readFileSync(join(out, "push.png")))).toBe(
      false,
    );
    // Lines and cells, with smooth edges, on a plain ground.
    for (const name of ["learning-curves", "evaluation-matrix"])
      expect(looks.get(name), name).toBeGreaterThan(10);
  });
});
