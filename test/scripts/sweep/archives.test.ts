import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { reportFolder } from "../../../scripts/sweep/sweep.js";
import { temporaryFolder } from "../../files.js";

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true }));

// Not door-falling-rates, of which the archive has no runs of hypercrl, and not paper-push, which is one run.
const NAMES = [
  "push",
  "push-methods",
  "growth",
  "push-earlier",
  "push-longer",
  "push-slide",
  "cheetah",
  "reacher",
  "cartpole",
  "door",
  "door-earlier",
  "door-cem",
];

// Their logs are of the version that had no first line to say so; some of push's runs noted no processor time.
it.each(NAMES)("the figures of %s are made again from the logs in its archive", (name) => {
  const results = join("docs/results", name);
  const out = join(folder, name);
  mkdirSync(out);
  execFileSync("tar", ["xf", join(results, "runs.tar.xz"), "-C", out]);
  const [sweep] = readdirSync(out);
  // The doors' earlier runs are of a suite in which less collides: what the oracle reached in that one is kept beside them.
  const oracle = name.startsWith("door-") ? "docs/results/door-earlier/oracle.json" : undefined;
  const again = JSON.parse(JSON.stringify(reportFolder(join(out, sweep!), undefined, oracle)));
  expect(again).toEqual(JSON.parse(readFileSync(join(results, "sweep-results.json"), "utf8")));
  expect(again.runs.length).toBeGreaterThan(3);
});
