import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import type { Versions } from "../../../agent/run/origin.js";
import { RunStore } from "../../../agent/run/store.js";
import { resolveSettings } from "../../../agent/settings/resolve.js";
import { temporaryFolder } from "../../files.js";
import { fakeTask } from "../../sim/recording/fake-task.js";
import { CATALOG, fakeSuite } from "../fixtures.js";

const root = temporaryFolder();
afterAll(() => rmSync(root, { recursive: true }));

const versions: Versions = { hypercrl: "test", physics: "test", node: "test", onnxruntime: "test" };
const choice = { suite: fakeSuite(1), method: "hypercrl", profile: "quick", seed: 1 };

it.each([true, false])("a run killed before its log began goes on with plans recorded: %s", (plans) => {
  const folder = join(root, `plans-${plans}`);
  RunStore.create(folder, resolveSettings(choice, [], CATALOG), versions, { plans }).close();
  for (const later of ["metrics.jsonl", "timing.jsonl", "tensorboard"]) {
    rmSync(join(folder, later), { recursive: true });
  }
  const { store, checkpoint } = RunStore.resume(folder, versions, () => fakeTask().spec);
  expect([store.plansRecorded, checkpoint]).toEqual([plans, undefined]);
  store.close();
});
