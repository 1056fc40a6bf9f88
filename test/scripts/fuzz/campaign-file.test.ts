import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { begin, readCampaign, withKind } from "../../../scripts/fuzz/campaign-file.js";
import { writeDocument } from "../../../sim/core/documents.js";
import { InputError, UsageError } from "../../../sim/core/errors.js";
import { initPhysics } from "../../../sim/world.js";
import { temporaryFolder } from "../../files.js";

const folder = temporaryFolder();
beforeAll(initPhysics);
afterAll(() => rmSync(folder, { recursive: true }));

const counts = { refused: 8, harmless: 1, trace: 1, hang: 0, memory: 0, escaped: 0 };
const bad = [{ kind: "settings", seed: 5, index: 3, outcome: "trace" as const, detail: "TypeError" }];

it("a campaign that was stopped goes on with what it has found", () => {
  const path = join(folder, "fuzz.json");
  const first = withKind(begin(5, 10), { kind: "settings", counts, bad }, 1.26);
  writeDocument(path, first);
  const read = readCampaign(path, 5, 10);
  expect(read).toEqual(first);
  const both = withKind(read, { kind: "lock", counts: { ...counts, trace: 0, refused: 9 }, bad: [] }, 0.5);
  expect(both.minutes).toBe(1.8);
  expect(Object.entries(both.kinds).map(([kind, { trace }]) => [kind, trace])).toEqual([
    ["settings", 1],
    ["lock", 0],
  ]);
  expect(both.bad).toEqual(bad);
});

it("refuses to mix cases of another seed, number or version, and a file that holds something else", () => {
  const path = join(folder, "other.json");
  writeDocument(path, begin(5, 10));
  expect(() => readCampaign(path, 6, 10)).toThrow(UsageError);
  expect(() => readCampaign(path, 5, 11)).toThrow(/holds other cases; got seed 5, 10 cases of each kind/);
  writeDocument(path, { ...begin(5, 10), versions: { hypercrl: "0.0.1" } });
  expect(() => readCampaign(path, 5, 10)).toThrow(UsageError);
  writeFileSync(path, "{}");
  expect(() => readCampaign(path, 5, 10)).toThrow(InputError);
});
