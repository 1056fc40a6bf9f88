import { execFileSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";

import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { reportFolder } from "../../../scripts/sweep/sweep.js";
import { temporaryFolder } from "../../files.js";

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true }));

// Their logs are of the version that had no first line to say so; some of push's runs noted no processor time.
it.each(["push", "cheetah"])("the figures of %s are made again from the logs in its archive", (name) => {
  const results = join("docs/results", name);
  execFileSync("tar", ["xf", join(results, "runs.tar.xz"), "-C", folder]);
  const again = JSON.parse(JSON.stringify(reportFolder(join(folder, name))));
  expect(again).toEqual(JSON.parse(readFileSync(join(results, "sweep-results.json"), "utf8")));
  expect(again.runs.length).toBeGreaterThan(3);
});
