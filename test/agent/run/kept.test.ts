import { readFileSync, rmSync } from "node:fs";

import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { Agent } from "../../../agent/agent.js";
import { CheckpointWriter } from "../../../agent/run/checkpoint-writer.js";
import { keptBy } from "../../../agent/run/kept.js";
import { hashSettings } from "../../../agent/run/origin.js";
import type { Settings } from "../../../agent/settings/schema.js";
import { Rng } from "../../../sim/core/rng.js";
import { decodeSafetensors } from "../../../sim/core/safetensors.js";
import { temporaryFolder } from "../../files.js";
import { bits, linearSystem, METHOD_NAMES, partsFor, pointTask, tinySettings } from "../fixtures.js";

const [I, X] = [4, 2];
const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true }));
const agents: Agent[] = [];
afterEach(async () => {
  for (const agent of agents.splice(0)) await agent.release();
});

/** Random transitions `[x, u]` of a task, remembered by an agent. */
function live(agent: Agent, task: number, steps: number): Float32Array[] {
  const rng = Rng.fromSeed(10 + task);
  return Array.from({ length: steps }, () => {
    const x = Float32Array.of(rng.normal(), rng.normal());
    const u = Float32Array.of(2 * rng.uniform() - 1, 2 * rng.uniform() - 1);
    agent.remember(x, u, linearSystem(task)(x, u));
    return Float32Array.of(...x, ...u);
  });
}

/** Two tasks learned and a third begun, and the arrays of the checkpoint then. */
async function inThirdTask(method: Settings["method"], steps = 50) {
  const settings = tinySettings([`method=${method}`, "mlp.coresetSize=20", "hypernetwork.coresetSize=20"]);
  const agent = new Agent([pointTask, pointTask, pointTask], settings, partsFor(settings), Rng.fromSeed(3));
  agents.push(agent);
  const rows: Float32Array[][] = [];
  for (const j of [0, 1, 2]) {
    await agent.beginVisit(j);
    rows.push(live(agent, j, steps));
    await agent.adopt(agent.startTraining());
    if (j < 2) await agent.endVisit();
  }
  const learned = await agent.learnedState();
  const run = join(folder, `${method}-${steps}`);
  new CheckpointWriter(run, hashSettings(settings)).save(
    {
      progress: { stage: "learn", task: 2, steps, episode: 1, evaluated: 0 },
      metricsBytes: 0,
      actionRng: Rng.fromSeed(8).state(),
    },
    learned,
    agent.taskState(),
  );
  const arrays = readFileSync(join(run, "checkpoint-a.safetensors"));
  const { tensors } = decodeSafetensors(arrays, "arrays");
  const bytes = Buffer.concat([arrays, readFileSync(join(run, "transitions-a.f32"))]);
  return { bytes, tensors, rows, kept: keptBy(learned.learner), normalizers: learned.normalizers };
}

/** How many rows `[φ(x), u]` of a task the bytes of a checkpoint hold, as they were or normalised. */
function found({ bytes, rows, normalizers }: Awaited<ReturnType<typeof inThirdTask>>, task: number) {
  const { inputMean, inputScale } = normalizers[task]!;
  const normalized = (row: Float32Array) => row.map((value, i) => (value - inputMean[i]!) * inputScale[i]!);
  return rows[task]!.filter((row) => bytes.includes(bits(row)) || bytes.includes(bits(normalized(row))))
    .length;
}

/** Transitions kept of an earlier task, when 50 were made. */
const TRANSITIONS: Partial<Record<Settings["method"], number>> = {
  multitask: 50,
  coreset: 20,
  "multitask-hypernet": 50,
  "replay-hypernet": 20,
};

describe.each(METHOD_NAMES)("a checkpoint of %s", (method) => {
  const transitions = TRANSITIONS[method] ?? 0;

  it(`holds ${transitions} transitions of each earlier task, and says so`, async () => {
    const checkpoint = await inThirdTask(method);
    expect([0, 1].map((j) => found(checkpoint, j))).toEqual([transitions, transitions]);
    expect(checkpoint.kept.tasks.map((t) => t.transitions)).toEqual([transitions, transitions, 0]);
    // The current task's buffer is there, so the search does find what there is.
    expect(found(checkpoint, 2)).toBe(50);
    const learner = Object.entries(checkpoint.tensors).filter(([name]) => name.startsWith("learner."));
    const { shared, tasks } = checkpoint.kept;
    const bytes = learner.reduce((sum, [, { data }]) => sum + data.byteLength, 0);
    expect([shared, ...tasks].reduce((sum, part) => sum + part.bytes, 0)).toBe(bytes);
    expect(tasks[0]!.bytes).toBe(4 * (tasks[0]!.parameters + transitions * (I + X)));
  });
});

describe("hypercrl", () => {
  it("saves the hypernetwork, one embedding and one target per task, and no array that grows with the data", async () => {
    const [few, many] = [await inThirdTask("hypercrl", 30), await inThirdTask("hypercrl", 60)];
    const sizes = ({ tensors }: typeof few) =>
      Object.entries(tensors)
        .filter(([name]) => !/^(buffer|moments|planner)\./.test(name))
        .map(([name, { data }]) => [name, data.length] as const);
    expect(sizes(many)).toEqual(sizes(few));
    const names = sizes(few).map(([name]) => name);
    const P = 5 * 8 + 9 * 2;
    for (const [name, size] of sizes(few)) {
      if (/^learner\.(hypernetwork\.(hidden|head)\.\d+\.(weight|bias)|embedding)(\.[mv])?$/.test(name))
        continue;
      if (/^learner\.embeddings\.[012]$/.test(name)) expect(size, name).toBe(4);
      else if (/^learner\.targets\.[01]$/.test(name)) expect(size, name).toBe(P);
      else if (/^normalizers\.[012]\.input(Mean|Scale)$/.test(name)) expect(size, name).toBe(I);
      else if (/^normalizers\.[012]\.target(Mean|Std)$/.test(name)) expect(size, name).toBe(X);
      else if (/^normalizers\.[01]\.residualScale$/.test(name)) expect(size, name).toBe(X);
      else expect.fail(`${name} is neither network, embedding, target nor normaliser`);
    }
    expect(names.filter((name) => /embeddings|targets/.test(name))).toHaveLength(5);
    expect(few.kept.tasks[0]).toMatchObject({ kinds: ["embeddings", "targets"], parameters: 4 + P });
  });
});
