import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { RunStore } from "../../../agent/run/store.js";
import { resolveSettings } from "../../../agent/settings/resolve.js";
import { evaluateRun } from "../../../scripts/evaluate/evaluate-run.js";
import { builtinCatalog } from "../../../scripts/parts/catalog.js";
import { train } from "../../../scripts/runs/train.js";
import { currentVersions } from "../../../scripts/runs/versions.js";
import { InputError } from "../../../sim/core/errors.js";
import { initPhysics } from "../../../sim/world.js";
import { doorSuite } from "../../../tasks/door/door.js";
import { fileHashes, temporaryFolder } from "../../files.js";
import { call, TINY } from "../call.js";

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true }));

const run = join(folder, "run");
const archive = join(folder, "an archive");
beforeAll(async () => {
  const { code, stderr } = await call(["train", "--quiet", "--out", run, ...TINY]);
  expect(code, stderr).toBe(0);
  mkdirSync(archive);
  for (const name of readdirSync(run).filter((name) => /^(?!checkpoint).*\.jsonl?$/.test(name))) {
    if (statSync(join(run, name)).isFile()) cpSync(join(run, name), join(archive, name));
  }
});

it("a run of which an archive keeps the records is made again, with the same bytes, by the command advised", async () => {
  const error: unknown = await evaluateRun(archive).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(InputError);
  const { message } = error as InputError;
  expect(message).toMatch(/an archive keeps .* no weights; got a log of \d+ records and evaluation\.json, /);
  const [, copy, resumed = ""] = /`(.*) && hypercrl train --resume '(.*)'`/.exec(message) ?? [];
  execFileSync("sh", ["-c", copy ?? "false"], { cwd: folder });
  const again = join(folder, resumed);
  expect((await train({ resume: again, threads: 1 })).outcome).toBe("done");
  expect(fileHashes(again)).toEqual(fileHashes(run));
});

it("an archive of another revision of its suite is not made again", async () => {
  const older = join(folder, "older");
  cpSync(archive, older, { recursive: true });
  const record = JSON.parse(readFileSync(join(older, "suite.json"), "utf8"));
  record.tasks[0].spec.revision = 7;
  writeFileSync(join(older, "suite.json"), JSON.stringify(record));
  const other = /Suite reacher is not what run .* was made with; got .*\.revision: 7 in the run, nothing now/;
  await expect(evaluateRun(older)).rejects.toThrow(other);

  const again = join(folder, "older-again");
  mkdirSync(again);
  for (const name of ["settings.json", "versions.json", "suite.json"])
    cpSync(join(older, name), join(again, name));
  const before = fileHashes(again);
  await expect(train({ resume: again, threads: 1 })).rejects.toThrow(other);
  expect(fileHashes(again)).toEqual(before);
});

it("an archive that noted nothing of its suite is not made again where the suite has been revised", async () => {
  await initPhysics();
  const doors = join(folder, "doors");
  const choice = { suite: doorSuite, method: "single", profile: "quick", seed: 1 };
  RunStore.create(doors, resolveSettings(choice, [], builtinCatalog), currentVersions()).close();
  await expect(evaluateRun(doors), "what a sweep has prepared").rejects.toThrow(/has learned no task yet/);
  writeFileSync(join(doors, "evaluation.json"), "{}");
  await expect(evaluateRun(doors)).rejects.toThrow(
    /Suite door is not what run .* was made with; got no suite\.json in the run, and pull\.revision 2 now/,
  );
});
