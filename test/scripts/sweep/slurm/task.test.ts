import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import type { Manifest } from "../../../../scripts/sweep/manifest-file.js";
import { runFolder } from "../../../../scripts/sweep/run-folders.js";
import { writeSubmission } from "../../../../scripts/sweep/slurm/submissions.js";
import { runTask, type TaskOptions } from "../../../../scripts/sweep/slurm/task.js";
import { beat, beginTry, type Claim, endTry, readTries } from "../../../../scripts/sweep/slurm/tries.js";
import { machineId } from "../../../../sim/core/process-identity.js";
import { temporaryFolder } from "../../../files.js";
import { fakeSlurm } from "./fake-slurm.js";
import { FINISHED, makeSweep, submissionOf } from "./made-sweep.js";

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true }));

let out: string;
let manifest: Manifest;
let made = 0;
beforeEach(async () => {
  out = join(folder, String(++made));
  manifest = await makeSweep(out, 2);
  writeSubmission(out, 1, submissionOf(manifest, 1));
});

/** A stand-in for `train`, with the folder of its run, how often it was begun in it, and what ends it. */
function program(body: string): string {
  const path = join(out, "train.cjs");
  const text = `
    const fs = require("node:fs");
    const folder = process.argv.at(-1);
    const count = folder + "/begun";
    const begun = 1 + (fs.existsSync(count) ? Number(fs.readFileSync(count, "utf8")) : 0);
    fs.writeFileSync(count, String(begun));
    const save = (text) => fs.writeFileSync(folder + "/checkpoint.json", text);
    const finish = () => fs.writeFileSync(folder + "/evaluation.json", ${JSON.stringify(FINISHED)});
    const untilStopped = (then) => {
      process.on("disconnect", then);
      fs.writeFileSync(folder + "/up", "");
    };
    ${body}`;
  writeFileSync(path, text);
  return path;
}

const task = (commandLine: string, options: Partial<TaskOptions> = {}) =>
  runTask({
    ...{ out, submission: 1, commandLine, signal: new AbortController().signal, say: () => {} },
    environment: { job: "17", task: 0, node: "n1" },
    ...options,
  });

/** How the tries of a run ended, the first by default. */
const ends = (run = 0) => readTries(out, manifest.runs[run]!.id).map(({ end }) => end?.outcome);
const id = () => manifest.runs[0]!.id;
const folderOf = (run: number) => runFolder(out, manifest.runs[run]!);

it("makes all runs of a task, each in a folder that it prepares, and those alone that are not finished", async () => {
  const train = program("finish();");
  await task(train);
  expect([ends(0), ends(1)]).toEqual([["finished"], ["finished"]]);
  expect(existsSync(join(folderOf(1), "settings.json"))).toBe(true);
  await task(train);
  expect([ends(0), ends(1)]).toEqual([["finished"], ["finished"]]);
});

it("tries what was killed again, as often as it may, and goes on with the next run", async () => {
  const first = `if (folder === ${JSON.stringify(folderOf(0))})`;
  await task(
    program(
      `${first} { console.error("error: bad luck."); process.kill(process.pid, "SIGKILL"); } finish();`,
    ),
  );
  expect([ends(0), ends(1)]).toEqual([["failed", "failed", "failed"], ["finished"]]);
  expect(readTries(out, id())[2]!.end).toEqual({
    ...{ outcome: "failed", end: "killed by SIGKILL", error: "error: bad luck." },
  });
  expect(readFileSync(join(folderOf(0), "begun"), "utf8")).toBe("3");
  // Another submission of the user's own tries it anew.
  writeSubmission(out, 2, { ...submissionOf(manifest, 1), campaign: 2 });
  await task(program("finish();"), { submission: 2 });
  expect(ends(0).slice(3)).toEqual(["finished"]);
});

it("finishes a run that fails once, and does not try again what would fail in the same way", async () => {
  await task(program("if (begun === 1) process.exit(1); finish();"));
  expect(ends(0)).toEqual(["failed", "finished"]);
  rmSync(join(folderOf(0), "evaluation.json"));
  await task(program("process.exit(3);"));
  expect(ends(0)).toEqual(["failed", "finished", "refused"]);
});

describe("a job whose time is over", () => {
  /** Ends the job once its run is up. */
  async function stopped(body: string, name: string) {
    const stop = new AbortController();
    const working = task(program(body), { signal: stop.signal });
    while (!existsSync(join(folderOf(0), "up"))) await sleep(5);
    stop.abort(name);
    await working;
  }
  const saving = 'untilStopped(() => { save("further"); process.exit(143); });';

  it("lets its run save and puts itself back into the queue", async () => {
    const slurm = fakeSlurm(join(out, "bin"), { scontrol: "exit 0" });
    await stopped(saving, "SIGUSR1");
    expect([ends(0), ends(1)]).toEqual([["stopped"], []]);
    expect(slurm.calls()).toEqual(["scontrol requeue 17"]);
    await task(program("finish();"));
    expect(ends(0)).toEqual(["stopped", "finished"]);
  });

  it("counts a try that got no further, so that a limit that is too short does not go on for ever", async () => {
    fakeSlurm(join(out, "bin"), { scontrol: "exit 0" });
    await stopped("untilStopped(() => process.exit(143));", "SIGUSR1");
    expect(readTries(out, id())[0]!.end).toMatchObject({
      outcome: "failed",
      error: expect.stringMatching(/before it had saved anything new; give it more --time/),
    });
  });

  it("stays out of the queue when it is ended otherwise: whether to go on is for Slurm or the closing job to say", async () => {
    const slurm = fakeSlurm(join(out, "bin"), { scontrol: "exit 0" });
    await stopped(saving, "SIGTERM");
    expect(ends(0)).toEqual(["stopped"]);
    expect(slurm.calls()).toEqual([]);
  });
});

describe("a run that a process of another machine has begun", () => {
  const elsewhere: Claim = {
    ...{ token: "elsewhere", campaign: 1, submission: 1, job: "16", task: 0, node: "n2" },
    ...{ machine: "another", pid: process.pid, start: "1" },
  };
  const times = { beat: 20, lease: 400 };

  it("is waited for as long as that shows that it is at work", async () => {
    beginTry(out, id(), 1, elsewhere);
    let beats = 0;
    const other = setInterval(() => beat(out, id(), 1, ++beats), 20);
    const working = task(program("finish();"), { times });
    await sleep(1000);
    expect(ends(0)).toEqual([undefined]);
    clearInterval(other);
    mkdirSync(folderOf(0), { recursive: true });
    writeFileSync(join(folderOf(0), "evaluation.json"), FINISHED);
    endTry(out, id(), 1, { outcome: "finished", end: "exit code 0" });
    await working;
    expect([ends(0), ends(1)]).toEqual([["finished"], ["finished"]]);
  });

  it("is taken over when that has not been heard of for the whole lease, with its lock", async () => {
    beginTry(out, id(), 1, elsewhere);
    mkdirSync(folderOf(0), { recursive: true });
    const lock = join(folderOf(0), "in-use.elsewhere.7.1.lock");
    writeFileSync(lock, "renewed every minute on another\n");
    writeFileSync(join(folderOf(0), "settings.json"), settings());
    await task(program("finish();"), { times });
    expect(ends(0)).toEqual([undefined, "finished"]);
    expect(existsSync(lock)).toBe(false);
  });

  it("is taken over at once when it was of this machine and is gone", async () => {
    beginTry(out, id(), 1, { ...elsewhere, machine: machineId() });
    // Longer than a test may take.
    await task(program("finish();"), { times: { beat: 20, lease: 600_000 } });
    expect(ends(0)).toEqual([undefined, "finished"]);
  });

  it("is left to another process that has taken it over meanwhile", async () => {
    const working = task(program("untilStopped(() => process.exit(143));"), { times });
    while (!existsSync(join(folderOf(0), "up"))) await sleep(5);
    beginTry(out, id(), 2, elsewhere);
    // The second run of the task cannot end by itself.
    const second = join(folderOf(1), "up");
    while (!existsSync(second)) await sleep(5);
    expect(ends(0)).toEqual([undefined, undefined]);
    beginTry(out, manifest.runs[1]!.id, 2, elsewhere);
    await working;
  });

  const settings = () => JSON.stringify({ ...manifest.settings.single, seed: 1 });
});
