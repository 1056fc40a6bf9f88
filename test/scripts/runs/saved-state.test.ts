import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { evaluateRun } from "../../../scripts/runs/evaluate-run.js";
import { train } from "../../../scripts/runs/train.js";
import { InputError } from "../../../sim/core/errors.js";
import { fileHashes, temporaryFolder } from "../../files.js";
import { call, TINY } from "../call.js";

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true }));

it("a run of which an archive keeps the records is made again, with the same bytes, by the command advised", async () => {
  const run = join(folder, "run");
  const { code, stderr } = await call(["train", "--quiet", "--out", run, ...TINY]);
  expect(code, stderr).toBe(0);
  const archive = join(folder, "an archive");
  mkdirSync(archive);
  for (const name of readdirSync(run).filter((name) => /^(?!checkpoint).*\.jsonl?$/.test(name))) {
    if (statSync(join(run, name)).isFile()) cpSync(join(run, name), join(archive, name));
  }

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
