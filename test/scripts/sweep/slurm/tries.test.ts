import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import {
  beat,
  beginTry,
  type Claim,
  endTry,
  failedTries,
  isGivenUp,
  isSuperseded,
  lifeOf,
  readBeat,
  readTries,
} from "../../../../scripts/sweep/slurm/tries.js";
import { machineId, ownIdentity } from "../../../../sim/core/process-identity.js";
import { temporaryFolder } from "../../../files.js";

const out = temporaryFolder();
afterAll(() => rmSync(out, { recursive: true }));

const claim = (token: string, campaign = 1): Claim => ({
  ...{ token, campaign, submission: campaign, job: "1", task: 0, node: "n1" },
  ...{ machine: machineId(), ...ownIdentity() },
});

it("a try belongs to the first that begins it, and the second leaves nothing behind", () => {
  expect(beginTry(out, "a", 1, claim("first"))).toBe(true);
  expect(beginTry(out, "a", 1, claim("second"))).toBe(false);
  expect(readTries(out, "a")).toEqual([{ number: 1, claim: claim("first"), end: undefined }]);
  expect(readdirSync(join(out, "slurm", "tries", "a"))).toEqual(["1"]);
  expect(isSuperseded(out, "a", 1)).toBe(false);
  expect(beginTry(out, "a", 2, claim("second"))).toBe(true);
  expect(isSuperseded(out, "a", 1)).toBe(true);
  endTry(out, "a", 1, { outcome: "failed", end: "killed by SIGKILL", error: "no luck" });
  const [one, two] = readTries(out, "a");
  expect([one!.end, two!.end]).toEqual([
    { outcome: "failed", end: "killed by SIGKILL", error: "no luck" },
    undefined,
  ]);
});

it("tries are read in the order of their numbers, also the tenth", () => {
  for (let n = 1; n <= 10; n++) beginTry(out, "ten", n, claim(`${n}`));
  expect(readTries(out, "ten").map(({ number }) => number)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
});

it("shows that its process is at work, and whether it is gone", () => {
  beginTry(out, "b", 1, claim("b"));
  expect(readBeat(out, "b", 1)).toBe("");
  beat(out, "b", 1, 3);
  expect(readBeat(out, "b", 1)).toBe("3\n");
  expect(lifeOf(claim("b"))).toBe("alive");
  expect(lifeOf({ ...claim("b"), start: "1" })).toBe("gone");
  expect(lifeOf({ ...claim("b"), machine: "another" })).toBe("unknown");
});

it("counts what failed in the campaign, and of what has no end all but what may go on", () => {
  const ends = ["failed", undefined, "stopped", undefined] as const;
  ends.forEach((outcome, i) => {
    beginTry(out, "c", i + 1, claim(`c${i}`));
    if (outcome !== undefined) endTry(out, "c", i + 1, { outcome, end: "exit code 1" });
  });
  const numbers = (campaign: number, over: boolean) =>
    failedTries(readTries(out, "c"), campaign, over).map(({ number }) => number);
  expect(numbers(1, false)).toEqual([1, 2]);
  expect(numbers(1, true)).toEqual([1, 2, 4]);
  expect(numbers(2, true)).toEqual([]);
  const failed = failedTries(readTries(out, "c"), 1, true);
  expect([isGivenUp(failed, 3), isGivenUp(failed, 4)]).toEqual([true, false]);
  beginTry(out, "c", 5, claim("c5"));
  endTry(out, "c", 5, { outcome: "refused", end: "exit code 3" });
  expect(isGivenUp(failedTries(readTries(out, "c"), 1, true), 10)).toBe(true);
});
