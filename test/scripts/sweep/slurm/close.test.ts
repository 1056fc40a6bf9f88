import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeEach, expect, it } from "vitest";
import { readManifest } from "../../../../scripts/sweep/manifest-file.js";
import { closeSubmission } from "../../../../scripts/sweep/slurm/close.js";
import { readSubmission, submissionNumbers } from "../../../../scripts/sweep/slurm/submissions.js";
import { beginTry, endTry, type TryEnd } from "../../../../scripts/sweep/slurm/tries.js";
import { temporaryFolder } from "../../../files.js";
import { call, TINY_SWEEP } from "../../call.js";
import { fakeSlurm, WILLING } from "./fake-slurm.js";

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true }));

let out: string;
let made = 0;
beforeEach(async () => {
  out = join(folder, String(++made));
  fakeSlurm(join(folder, `first-${made}`), WILLING);
  const words = ["--methods", "single", "--seeds", "1-4", "--out", out, ...TINY_SWEEP];
  expect((await call(["sweep", "--engine", "slurm", ...words])).code).toBe(0);
});

/** A try of a run that ended so, or was killed with its job. */
function tried(run: number, number: number, end?: TryEnd): void {
  const { id } = readManifest(out).runs[run]!;
  beginTry(out, id, number, {
    ...{
      token: `${run}.${number}`,
      campaign: 1,
      submission: submissionNumbers(out).at(-1)!,
      job: "71",
      task: run,
    },
    ...{ node: "n1", machine: "another", pid: 1, start: "1" },
  });
  if (end !== undefined) endTry(out, id, number, end);
}

/** Ends the last submission, of whose array Slurm knows such states. */
async function close(states: string) {
  const slurm = {
    ...WILLING,
    scontrol: `case "$*" in *config*) echo 'MaxArraySize = 1001';; *) echo '${states}';; esac`,
  };
  const fake = fakeSlurm(join(folder, `bin-${made}-${submissionNumbers(out).length}`), slurm);
  const said: string[] = [];
  await closeSubmission({
    ...{ out, submission: submissionNumbers(out).at(-1)!, array: "71", commandLine: "main.js" },
    ...{ signal: new AbortController().signal, say: (text: string) => said.push(text) },
  });
  return { said, calls: fake.calls() };
}

const ids = () => readManifest(out).runs.map(({ id }) => id);

it("what was killed with its job or may be tried once more is submitted again, under the same campaign", async () => {
  tried(0, 1);
  tried(1, 1, { outcome: "failed", end: "exit code 1" });
  tried(2, 1, { outcome: "stopped", end: "exit code 143" });
  const { said } = await close("ArrayTaskId=0 JobState=FAILED\nArrayTaskId=2 JobState=CANCELLED");
  expect(said).toEqual(["submitted 2 runs again as job 71"]);
  expect(readSubmission(out, 2)).toMatchObject({ campaign: 1, runs: ids().slice(0, 2) });
  // Three tries altogether: one of the first is left to the first run, none to the second.
  tried(0, 2);
  tried(1, 2, { outcome: "failed", end: "exit code 1" });
  tried(1, 3, { outcome: "failed", end: "exit code 1" });
  await close("JobState=FAILED");
  expect(readSubmission(out, 3).runs).toEqual([ids()[0]]);
  tried(0, 3);
  expect((await close("JobState=FAILED")).said).toEqual(["0 of 4 runs are finished"]);
  const { failed, unfinished } = JSON.parse(readFileSync(join(out, "sweep-results.json"), "utf8"));
  expect(failed).toMatchObject([
    { id: ids()[0], end: "killed with its job on n1, 3 tries", log: join(out, "logs", `${ids()[0]}.log`) },
    { id: ids()[1], end: "exit code 1, 3 tries" },
  ]);
  expect(unfinished).toHaveLength(4);
});

it("tasks that noted nothing are submitted again unless the user may have cancelled them", async () => {
  expect((await close("ArrayTaskId=0 JobState=FAILED\nArrayTaskId=1-3%2 JobState=CANCELLED")).said).toEqual([
    "0 of 4 runs are finished",
  ]);
  expect((await close("")).said).toEqual(["0 of 4 runs are finished"]);
  expect(existsSync(join(out, "slurm", "submission-2.json"))).toBe(false);
  const { said, calls } = await close("JobState=NODE_FAIL");
  expect(said).toEqual(["submitted 4 runs again as job 71"]);
  expect(calls.filter((line) => line.includes("slurm-close"))).toHaveLength(1);
});

it("the commands of jobs say what is wrong where they are called from elsewhere", async () => {
  const { code, stderr } = await call(["slurm-task", out, "--submission", "1"]);
  expect(stderr).toMatch(/slurm-task was called outside of a job/);
  expect(code).toBe(3);
});
