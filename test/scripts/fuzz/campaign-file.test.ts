import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { newCampaign, readCampaign, withKind } from "../../../scripts/fuzz/campaign-file.js";
import { writeDocument } from "../../../sim/core/documents.js";
import { InputError, UsageError } from "../../../sim/core/errors.js";
import { temporaryFolder } from "../../files.js";

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true }));

const versions = { hypercrl: "1", physics: "2", node: "3", onnxruntime: "4" };
const machine = { cpu: "abacus", cores: 1, memoryGb: 1, platform: "wood", versions };
const counts = { refused: 8, harmless: 1, trace: 1, hang: 0, memory: 0, escaped: 0 };
const bad = [{ kind: "settings", seed: 5, index: 3, outcome: "trace" as const, detail: "TypeError" }];

it("a campaign that was stopped goes on with what it has found", () => {
  const path = join(folder, "fuzz.json");
  const first = withKind(newCampaign(5, 10, machine), { kind: "settings", counts, bad }, 1.26);
  writeDocument(path, first);
  const read = readCampaign(path, 5, 10, machine);
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
  writeDocument(path, newCampaign(5, 10, machine));
  expect(() => readCampaign(path, 6, 10, machine)).toThrow(UsageError);
  expect(() => readCampaign(path, 5, 11, machine)).toThrow(
    /holds another campaign; got seed 5, 10 cases of each kind/,
  );
  const other = { ...machine, versions: { ...versions, node: "5" } };
  expect(() => readCampaign(path, 5, 10, other)).toThrow(/, node: 3 → 5; expected .*the same machine/);
  writeFileSync(path, "{}");
  expect(() => readCampaign(path, 5, 10, machine)).toThrow(InputError);
});
