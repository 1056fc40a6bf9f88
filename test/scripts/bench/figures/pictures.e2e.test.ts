import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { temporaryFolder } from "../../../files.js";
import { noBrowser } from "../../chromium.js";
import { expectOneError, run, runScript, TINY } from "../../cli.js";

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
  });
});
