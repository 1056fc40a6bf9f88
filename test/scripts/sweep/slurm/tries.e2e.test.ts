import { spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { afterAll, expect, it } from "vitest";
import { readTries } from "../../../../scripts/sweep/slurm/tries.js";
import { temporaryFolder } from "../../../files.js";

const out = temporaryFolder();
afterAll(() => rmSync(out, { recursive: true }));

const RUNS = 100;
const PROCESSES = 4;

/** A process that begins the first try of every run, all at the same moment as the others; prints those that became its own. */
function contender(token: string, at: number): Promise<number[]> {
  const code = `
    import { beginTry } from "#dist/scripts/sweep/slurm/tries.js";
    const [, out, token, at] = process.argv;
    const claim = { campaign: 1, submission: 1, job: "1", task: 0, node: "n", machine: "m", pid: 1, start: "1" };
    while (Date.now() < Number(at));
    const own = [];
    for (let run = 0; run < ${RUNS}; run++)
      if (beginTry(out, String(run), 1, { ...claim, token: token + run })) own.push(run);
    console.log(JSON.stringify(own));`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", code, out, token, String(at)]);
  let printed = "";
  child.stdout.on("data", (text) => {
    printed += text;
  });
  return new Promise((done) => child.on("close", () => done(JSON.parse(printed))));
}

it("of processes that begin the same tries at once, one has each", async () => {
  const at = Date.now() + 3000;
  const own = await Promise.all(Array.from({ length: PROCESSES }, (_, i) => contender(`${i}-`, at)));
  const all = own.flat().sort((a, b) => a - b);
  expect(all).toEqual(Array.from({ length: RUNS }, (_, run) => run));
  own.forEach((runs, i) => {
    for (const run of runs) expect(readTries(out, String(run))[0]!.claim.token).toBe(`${i}-${run}`);
  });
});
