import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { temporaryFolder } from "../../files.js";
import { run } from "../cli.js";

const folder = temporaryFolder();
const suite = join(folder, "pole.mjs");
const out = join(folder, "run");
afterAll(() => rmSync(folder, { recursive: true }));

/** A pole on a cart whose episodes are over when it leans far or the cart is far away. */
const POLE = `
import { ChannelSpan, decodeSnapshot, encodeSnapshot } from ${JSON.stringify(resolve("dist/scripts/index.js"))};

const PERIOD = 0.05;
const OBSERVATION = [
  { name: "x", unit: "m" },
  { name: "velocity", unit: "m/s" },
  { name: "angle", unit: "rad" },
  { name: "spin", unit: "rad/s" },
];
const X = new ChannelSpan(OBSERVATION, "x");
const ANGLE = new ChannelSpan(OBSERVATION, "angle");

function createScene(length) {
  const s = new Float64Array(4);
  return {
    reset: (random) => s.forEach((_, i) => (s[i] = 0.1 * (random() - 0.5))),
    advance([u]) {
      s[3] += (PERIOD * (9.81 * Math.sin(s[2]) - 10 * u * Math.cos(s[2]))) / length;
      s[2] += PERIOD * s[3];
      s[1] += PERIOD * 10 * u;
      s[0] += PERIOD * s[1];
    },
    observe: (out) => out.set(s),
    measure: () => ({ angleErrorRad: Math.abs(s[2]) }),
    bodies: [{ name: "pole", fixed: false, shapes: [] }],
    bodyPose: () => ({ position: [s[0], 0, 0], rotation: [0, Math.sin(s[2] / 2), 0, Math.cos(s[2] / 2)] }),
    snapshot: () => encodeSnapshot("pole/" + length, { extra: s, world: new Uint8Array(0) }),
    restore: (bytes) => s.set(decodeSnapshot("pole/" + length, bytes).extra),
    close() {},
  };
}

const createTask = (length) => ({
  name: length + "m",
  spec: {
    observation: OBSERVATION,
    action: [{ name: "force", unit: "10 N", low: -1, high: 1 }],
    episodeSteps: 60,
    controlPeriod: PERIOD,
  },
  createScene: () => createScene(length),
  reward(ops, { nextObservation }) {
    const angle = ANGLE.slice(ops, nextObservation);
    return ops.sub(ops.constant([1]), ops.mul(angle, angle));
  },
  terminated(ops, observation) {
    const leaning = ops.sub(ops.abs(ANGLE.slice(ops, observation)), ops.constant([0.8]));
    const away = ops.sub(ops.abs(X.slice(ops, observation)), ops.constant([2]));
    return ops.max(leaning, away);
  },
  succeeded: ({ angleErrorRad }) => angleErrorRad < 0.2,
});

export default { name: "pole", description: "Balance a pole", tasks: [1, 0.7].map(createTask) };
`;

const ARGS = [
  ...["--suite", suite, "--method", "hypercrl", "--seed", "1"],
  ...["loop.initialRandomSteps=150", "loop.stepsPerTask=150", "loop.trainEvery=50"],
  ...["loop.trainIterations=50", "loop.evaluationEpisodes=2", "dynamics.hidden=[16,16]"],
  ...["planner.samples=16", "planner.elites=4", "planner.horizon=8"],
].flatMap((argument) => (argument.includes("=") ? ["--set", argument] : [argument]));

interface Line {
  readonly type: string;
  readonly steps?: number;
  readonly cut?: true;
  readonly terminated?: boolean;
}
const linesOf = (path: string) =>
  readFileSync(join(path, "metrics.jsonl"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Line);

beforeAll(async () => {
  writeFileSync(suite, POLE);
  const { code, stderr } = await run(["train", "--quiet", "--threads", "1", "--out", out, ...ARGS]);
  expect(code, stderr).toBe(0);
});

it("learns a suite of one's own whose episodes end by themselves, the same on two threads", async () => {
  const learned = linesOf(out).filter(({ type }) => type === "episode");
  expect(learned.filter(({ terminated }) => terminated).length).toBeGreaterThan(20);
  expect(learned.every(({ cut, terminated }) => !cut || terminated === false)).toBe(true);
  expect(learned.filter(({ steps }) => steps === 300)).toHaveLength(2);
  const again = join(folder, "again");
  await run(["train", "--quiet", "--threads", "2", "--out", again, ...ARGS]);
  expect(linesOf(again)).toEqual(linesOf(out));
});

it("is replayed bit by bit, evaluated and shown", async () => {
  const verified = await run(["replay", out, "--verify", "--suite", suite]);
  expect(verified, verified.stderr).toMatchObject({ code: 0 });
  const baseline = join(out, "episodes", "baseline-01-01.mcap");
  expect((await run(["replay", baseline])).stdout).toContain("ended by itself");
  const { stdout } = await run(["evaluate", out, "--json", "--suite", suite]);
  const { tasks } = JSON.parse(stdout) as { tasks: { episodes: { terminated: boolean }[] }[] };
  const evaluated = linesOf(out).filter(({ type }) => type === "evaluation");
  expect(tasks.flatMap(({ episodes }) => episodes.map((e) => e.terminated))).toEqual(
    evaluated.slice(-4).map(({ terminated }) => terminated),
  );
});
