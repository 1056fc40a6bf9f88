import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, it, vi } from "vitest";
import { readManifest } from "../../../../scripts/sweep/manifest-file.js";
import { runFolder } from "../../../../scripts/sweep/run-folders.js";
import { readSubmission, writeSubmission } from "../../../../scripts/sweep/slurm/submissions.js";
import { beginTry, endTry } from "../../../../scripts/sweep/slurm/tries.js";
import { temporaryFolder } from "../../../files.js";
import { call, expectOneError, TINY_SWEEP, unwrapped } from "../../call.js";
import { fakeSlurm, WILLING } from "./fake-slurm.js";
import { FINISHED, makeSweep, submissionOf } from "./made-sweep.js";

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true }));

let out: string;
let bin: string;
let made = 0;
beforeEach(() => {
  out = join(folder, `sweep-${++made}`);
  bin = join(folder, `bin-${made}`);
});

const words = (...more: string[]) => [
  ...["sweep", "--methods", "single", "--seeds", "1-3", "--out", out, ...TINY_SWEEP, ...more],
];
const slurm = (...more: string[]) => words("--engine", "slurm", ...more);

describe("a sweep that is submitted", () => {
  it("is one array with the memory that its runs need, and a job that follows it", async () => {
    const fake = fakeSlurm(bin, WILLING);
    const options = ["--partition", "long", "--time", "1:00:00", "--cpus", "2", "--array-limit", "2"];
    const { code, stdout, stderr } = await call(slurm(...options, "--sbatch", "--qos=low --comment='a b'"));
    expect(stderr).toMatch(/hypercrl sweep --status /);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Submitted 3 runs as job 71: 3 tasks with 0\.\d GiB of memory each\.$/m);
    const [array, closing] = fake.calls().filter((line) => line.includes("--parsable"));
    for (const option of [
      ...["--qos=low", "--comment=a b", "--partition=long", "--time=1:00:00", "--array=0-2%2"],
      ...["--cpus-per-task=2", "--requeue", "--signal=B:USR1@60", "slurm-task --submission 1"],
    ]) {
      expect(array).toContain(` ${option}`);
    }
    expect(Number(/ --mem=(\d+)M /.exec(array!)?.[1])).toBeGreaterThan(400);
    expect(closing).toContain(" --dependency=afterany:71 ");
    expect(closing).toContain("slurm-close --array 71 --submission 1");
    const { runs, tasks, campaign, options: kept } = readSubmission(out, 1);
    expect(runs).toEqual(readManifest(out).runs.map(({ id }) => id));
    expect([tasks, campaign, kept.tries]).toEqual([3, 1, 3]);
    // The jobs prepare the folders of their runs.
    expect(existsSync(join(out, "runs", runs[0]!))).toBe(false);
  });

  it("has no more tasks than an array may have, each with several runs", async () => {
    const fake = fakeSlurm(bin, { ...WILLING, scontrol: "echo 'MaxArraySize = 2'" });
    const { stdout } = await call(slurm("--json"));
    expect(JSON.parse(stdout)).toMatchObject({ submitted: { job: "71", runs: 3, tasks: 2 } });
    expect(fake.calls().join("\n")).toContain(" --array=0-1 ");
  });

  it("submits again only what is neither finished nor in the queue", async () => {
    fakeSlurm(bin, WILLING);
    await call(slurm());
    const [first, second, third] = readManifest(out).runs;
    mkdirSync(runFolder(out, first!), { recursive: true });
    writeFileSync(
      join(runFolder(out, first!), "evaluation.json"),
      JSON.stringify({ definition: "", tasks: ["a"], random: [[0]], returns: [[[0]]] }),
    );
    const { name } = readSubmission(out, 1);
    fakeSlurm(`${bin}-2`, {
      ...WILLING,
      squeue: `echo '71|1|PENDING|Resources|${name}'; echo '9|0|RUNNING|None|other'`,
    });
    const resume = ["sweep", "--engine", "slurm", "--resume", out];
    expect((await call(resume)).stdout).toMatch(/^Submitted 1 run as job 71/m);
    expect(readSubmission(out, 2)).toMatchObject({ runs: [third!.id], campaign: 2 });
    fakeSlurm(`${bin}-3`, {
      ...WILLING,
      squeue: `echo '71|1|PENDING|Resources|${name}'; echo '72|0|RUNNING|None|${readSubmission(out, 2).name}'`,
    });
    expect((await call(resume)).stdout).toMatch(/^Nothing to submit/m);
    expectOneError(
      await call(["sweep", "--resume", out]),
      2,
      /is under way in Slurm; got 2 jobs in the queue/,
    );
    expect(second!.id).not.toBe(third!.id);
  });
});

describe("what keeps a sweep from being submitted", () => {
  it("is told when there is no Slurm, before anything is written", async () => {
    vi.stubEnv("PATH", bin);
    expectOneError(await call(slurm()), 2, /sbatch cannot be started; got no such program on the path/);
    expect(existsSync(out)).toBe(false);
  });

  it.each<[string, string, number, RegExp]>([
    [
      "an unknown partition",
      "sbatch: error: invalid partition specified: nope",
      2,
      /no such partition; got invalid partition specified: nope; expected one of main, long/,
    ],
    [
      "a request that no node can meet",
      "sbatch: error: Batch job submission failed: Requested node configuration is not available",
      2,
      /Slurm did not take the jobs; got .*configuration is not available.*--mem/,
    ],
    [
      "a controller that does not answer",
      "sbatch: error: Batch job submission failed: Unable to contact slurm controller (connect failure)",
      1,
      /did not take the jobs; got .*Unable to contact.*Try again later with --resume/,
    ],
    [
      "a time that the partition does not allow",
      "sbatch: error: Batch job submission failed: Requested time limit is invalid (missing or exceeds some limit)",
      2,
      /did not take the jobs; got Batch job .*time limit is invalid.*Change --partition, --time/,
    ],
  ])("%s", async (_, said, exitCode, message) => {
    fakeSlurm(bin, { ...WILLING, sbatch: `[ "$1" = --version ] || { echo '${said}' >&2; exit 1; }` });
    expectOneError(await call(slurm("--partition", "nope")), exitCode, message);
  });

  it("a queue that does not answer, whose lines are told as one", async () => {
    const said = "printf 'squeue: error: no host\\nsqueue: fatal: no configuration\\n' >&2; exit 1";
    fakeSlurm(bin, { ...WILLING, squeue: said });
    expectOneError(await call(slurm()), 1, /squeue failed; got no host no configuration; expected/);
  });

  it("less memory than its runs need", async () => {
    fakeSlurm(bin, WILLING);
    const refused = await call(slurm("--mem", "100M"));
    expectOneError(
      refused,
      2,
      /less memory than its run needs; got --mem of 0\.1 GiB; expected at least 0\.\d GiB/,
    );
    expect(existsSync(join(out, "slurm"))).toBe(false);
    expect((await call(slurm("--mem", "4G"))).code).toBe(0);
  });
});

describe("options of the other engine", () => {
  it.each<[string, string[], RegExp]>([
    [
      "--partition",
      ["--partition", "long"],
      /engine slurm is given for the other; got --partition; expected --engine slurm/,
    ],
    ["--array-limit", ["--array-limit", "2", "--engine", "local"], /got --array-limit/],
    ["--sbatch", ["--sbatch", "--qos=low"], /got --sbatch/],
    ["--wait", ["--wait"], /got --wait; .*always waits/],
    [
      "--jobs",
      ["--engine", "slurm", "--jobs", "2"],
      /engine local is given for the other; got --jobs 2.*--array-limit/,
    ],
  ])("%s", async (_, options, message) => {
    expectOneError(await call(words(...options)), 2, message);
    expect(existsSync(out)).toBe(false);
  });

  it("--status of a folder that holds no sweep does not speak of other options", async () => {
    expectOneError(await call(["sweep", "--status", out]), 3, /sweep\.json is missing.*Check the folder/);
  });

  it("--status", async () => {
    expectOneError(await call(["sweep", "--engine", "local", "--status", out]), 2, /got --status/);
  });
});

describe("a sweep in Slurm", () => {
  /** One run finished, one at work, one waiting, one given up, one lost. */
  async function mixed() {
    const manifest = await makeSweep(out, 5);
    const submission = submissionOf(manifest);
    writeSubmission(out, 1, submission);
    const [finished, running, , failed] = manifest.runs;
    mkdirSync(runFolder(out, finished!), { recursive: true });
    writeFileSync(join(runFolder(out, finished!), "evaluation.json"), FINISHED);
    const claim = {
      ...{ token: "t", campaign: 1, submission: 1, job: "72", task: 1, node: "n1" },
      ...{ machine: "another", pid: 1, start: "1" },
    };
    beginTry(out, running!.id, 1, claim);
    beginTry(out, failed!.id, 1, claim);
    endTry(out, failed!.id, 1, { outcome: "refused", end: "exit code 3", error: "error: damaged." });
    const job = (task: number, state: string) => `echo '71|${task}|${state}|None|${submission.name}'`;
    return [
      ...[job(1, "RUNNING"), job(2, "PENDING")],
      `echo '74|N/A|PENDING|Dependency|${submission.name}-close'`,
    ].join("\n");
  }

  it("shows what its runs are at, and what failed with its log", async () => {
    fakeSlurm(bin, { ...WILLING, squeue: await mixed() });
    const { stdout, code } = await call(["sweep", "--status", out]);
    expect(unwrapped(stdout)).toMatch(
      /^Sweep of 5 runs on reacher, in .*: 1 finished, 1 running, 1 waiting, 1 failed, 1 missing$/m,
    );
    expect(stdout).toMatch(/^job 71: 1 running, 1 pending$/m);
    expect(stdout).toMatch(/^job 74: 1 pending \(Dependency\)$/m);
    const { id } = readManifest(out).runs[3]!;
    expect(unwrapped(stdout)).toContain(`${id}: exit code 3, 1 try, error: damaged.`);
    expect(stdout).toContain(`    log: ${join(out, "logs", `${id}.log`)}\n`);
    expect(code).toBe(0);
  });

  it("has its jobs cancelled, the closing one first", async () => {
    const squeue = `[ "$(grep -c scancel "$(dirname "$0")/calls")" -gt 0 ] || {\n${await mixed()}\n}`;
    const fake = fakeSlurm(bin, { ...WILLING, squeue });
    const { stdout, code } = await call(["sweep", "--cancel", out]);
    expect(fake.calls().filter((line) => line.startsWith("scancel"))).toEqual(["scancel 74", "scancel 71"]);
    expect(stdout).toMatch(/^Cancelled jobs 74, 71\./m);
    expect(code).toBe(0);
  });

  it("is waited for until nothing is in the queue, and then ends as what is not finished says", async () => {
    const manifest = await makeSweep(out, 1);
    writeSubmission(out, 1, submissionOf(manifest));
    fakeSlurm(bin, WILLING);
    const { stdout, stderr, code } = await call(["sweep", "--wait", out]);
    expect(stdout).toMatch(/^No run is finished yet\./);
    expect(stderr).toMatch(/^1 of 1 runs did not finish; continue with:\n {2}hypercrl sweep --engine slurm/m);
    expect(existsSync(join(out, "sweep-results.json"))).toBe(true);
    expect(code).toBe(1);
  });

  it("is told from one that never was there, and a queue that cannot be read from an empty one", async () => {
    await makeSweep(out, 1);
    fakeSlurm(bin, { ...WILLING, squeue: "echo 'slurm_load_jobs error: Unable to contact' >&2; exit 1" });
    for (const what of ["--status", "--cancel", "--wait"]) {
      expectOneError(await call(["sweep", what, out]), 3, /was not submitted to Slurm; got no submission/);
    }
    writeSubmission(out, 1, submissionOf(readManifest(out)));
    expectOneError(await call(["sweep", "--status", out]), 1, /squeue failed; got .*Unable to contact/);
    // Neither a report of what failed nor runs on this machine, which jobs may be at.
    for (const what of ["--report", "--resume"]) {
      expectOneError(await call(["sweep", what, out]), 1, /squeue failed; got .*Unable to contact/);
    }
  });
});
