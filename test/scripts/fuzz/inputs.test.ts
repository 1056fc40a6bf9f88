import { readdirSync, rmSync } from "node:fs";
import { afterAll, expect, it } from "vitest";
import { makeInputs } from "../../../scripts/fuzz/inputs.js";
import { temporaryFolder } from "../../files.js";

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true }));

it("inputs of a campaign that was stopped before are not begun", async () => {
  await expect(makeInputs(folder, AbortSignal.abort("SIGTERM"))).rejects.toBe("SIGTERM");
  expect(readdirSync(folder)).toEqual([]);
});
