import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import proto from "onnx-proto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hashSettings } from "../../../agent/run/origin.js";
import { readSettings } from "../../../agent/run/read-run.js";
import { reacherSuite } from "../../../tasks/reacher/reacher.js";
import { fileHashes, flipByte, temporaryFolder } from "../../files.js";
import { call, expectOneError, TINY, unwrapped } from "../call.js";
import { run } from "../cli.js";

const folder = temporaryFolder();
const good = join(folder, "good");
const file = (name: string) => join(folder, `${name}.onnx`);

beforeAll(async () => {
  // The method whose networks are not of one size.
  const { code, stderr } = await call(["train", "--quiet", "--method", "pnn", "--out", good, ...TINY]);
  expect(code, stderr).toBe(0);
});

afterAll(() => rmSync(folder, { recursive: true }));

function changedRun(name: string, change: (copy: string) => void): string {
  const copy = join(folder, name);
  cpSync(good, copy, { recursive: true });
  change(copy);
  return copy;
}

describe("export of a finished run", () => {
  it("writes a model of both tasks, checks it, says so, and changes nothing in the run", async () => {
    const before = fileHashes(good);
    const { code, stdout, stderr } = await run(["export", good, "--onnx", file("both"), "--json"]);
    expect(code, stderr).toBe(0);
    expect(stderr).toBe("");
    const { tasks, runTasks, bytes, tolerance } = JSON.parse(stdout);
    expect(tasks.map((t: { task: string }) => t.task)).toEqual(["0.50m", "0.70m"]);
    for (const { random, recorded, largestDifference } of tasks) {
      expect([random, recorded]).toEqual([128, 128]);
      expect(largestDifference).toBeLessThanOrEqual(tolerance);
    }
    expect([runTasks, tolerance]).toEqual([2, 1e-4]);
    expect(bytes).toBe(readFileSync(file("both")).length);
    expect(fileHashes(good)).toEqual(before);
  });

  it("the file names its inputs, and what they are", () => {
    const model = proto.onnx.ModelProto.decode(readFileSync(file("both")));
    const shapes = (list: readonly proto.onnx.IValueInfoProto[] = []) =>
      list.map(({ name, type }) => [
        name,
        ...(type?.tensorType?.shape?.dim ?? []).map((d) => d.dimParam || Number(d.dimValue)),
      ]);
    const { observation, action } = reacherSuite.tasks[0]!.spec;
    expect(shapes(model.graph?.input ?? [])).toEqual([
      ["x", "N", observation.length],
      ["u", "N", action.length],
      ["task"],
    ]);
    expect(shapes(model.graph?.output ?? [])).toEqual([["xNext", "N", observation.length]]);
    const metadata = Object.fromEntries(model.metadataProps.map(({ key, value }) => [key, value]));
    expect(metadata).toMatchObject({
      ...{ format: "hypercrl dynamics 1", suite: "reacher", tasks: '["0.50m","0.70m"]', method: "pnn" },
      ...{ seed: "1", profile: "quick", afterTask: "2", settingsHash: hashSettings(readSettings(good)) },
    });
    expect(JSON.parse(metadata.observation)).toEqual(observation);
    expect(JSON.parse(metadata.action)).toEqual(action);
    expect(Number(metadata.controlPeriod)).toBe(reacherSuite.tasks[0]!.spec.controlPeriod);
    expect(Object.keys(JSON.parse(metadata.versions))).toContain("onnxruntime");
  });

  it("for people it prints the differences; --after-task chooses, and the tasks left out are named", async () => {
    const { code, stdout, stderr } = await call(["export", good, "--onnx", file("one"), "--after-task", "1"]);
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/│ 0\.50m +│ +0 │ +128 │ +128 │ +\d\.\de[-+]\d+ │/);
    expect(stdout).toMatch(/Largest difference of all \d\.\de[-+]\d+, allowed 1e-4/);
    expect(stderr).toBe("warning: the model has 1 of the run's 2 tasks: 0.50m\n");
  });
});

it("without its episodes, or with damaged ones, a run's model is checked on random inputs and the rest", async () => {
  const bare = changedRun("bare", (copy) => rmSync(join(copy, "episodes"), { recursive: true }));
  const { stdout, code } = await call(["export", bare, "--onnx", file("bare"), "--json"]);
  expect(code).toBe(0);
  expect(JSON.parse(stdout).tasks.map((t: { recorded: number }) => t.recorded)).toEqual([0, 0]);
  const scratched = changedRun("scratched", (copy) =>
    flipByte(join(copy, "episodes/02-evaluate-01-01.mcap")),
  );
  const second = await call(["export", scratched, "--onnx", file("scratched"), "--json"]);
  expect(unwrapped(second.stderr)).toMatch(
    /^warning: not used to check the model: .*02-evaluate-01-01\.mcap is damaged/,
  );
  expect(JSON.parse(second.stdout).tasks.map((t: { recorded: number }) => t.recorded)).toEqual([128, 128]);
});

describe("what cannot be exported", () => {
  const never = file("never");
  const expectNothing = async (args: readonly string[], code: number, message: RegExp) => {
    expectOneError(await call(["export", ...args]), code, message);
    expect(readdirSync(folder).filter((name) => name.startsWith("never"))).toEqual([]);
  };

  it("no run, no file, a file that exists", async () => {
    await expectNothing(
      [join(folder, "nowhere"), "--onnx", never],
      3,
      /settings\.json is missing.*run folder/,
    );
    await expectNothing([good], 2, /required option '--onnx <file>' not specified/);
    await expectNothing(
      [good, "--onnx", good],
      2,
      /good exists; expected a new path\. Choose another --onnx/,
    );
  });

  it("a run that has learned no task", async () => {
    const young = changedRun("young", (copy) => rmSync(join(copy, "checkpoints"), { recursive: true }));
    await expectNothing([young, "--onnx", never], 3, /young has learned no task yet.*train --resume/);
  });

  const arrays = (copy: string) => join(copy, "checkpoints/task-2.safetensors");
  it.each<[string, (copy: string) => void, RegExp]>([
    ["lost its arrays", (copy) => rmSync(arrays(copy)), /task-2\.safetensors is missing/],
    ["has damaged arrays", (copy) => flipByte(arrays(copy)), /Checkpoint arrays .* are damaged/],
    [
      "has a damaged log",
      (copy) => {
        const path = join(copy, "metrics.jsonl");
        writeFileSync(path, `{${readFileSync(path, "utf8")}`);
      },
      /metrics\.jsonl is damaged in line 1/,
    ],
  ])("a run that %s", async (name, damage, message) => {
    await expectNothing([changedRun(name.replaceAll(" ", "-"), damage), "--onnx", never], 3, message);
  });

  it("a state that was not saved", async () => {
    const message = /no state after this task; got task 3; expected one of 1, 2/;
    await expectNothing([good, "--onnx", never, "--after-task", "3"], 2, message);
  });

  it("a place that cannot be written", async () => {
    mkdirSync(join(folder, "place"));
    writeFileSync(join(folder, "place/file"), "");
    await expectNothing(
      [good, "--onnx", join(folder, "place/file/x.onnx")],
      3,
      /Cannot write .*x\.onnx; got a file in the place of a folder/,
    );
    expect(existsSync(join(folder, "place/file/x.onnx"))).toBe(false);
  });
});
