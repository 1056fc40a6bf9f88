import { beforeAll, describe, expect, it } from "vitest";
import { LimitExceeded } from "../../../sim/recording/limits.js";
import { checkRecordable, type RecordedPlans } from "../../../sim/recording/recordable.js";
import type { TaskSpec } from "../../../sim/task.js";
import { initPhysics } from "../../../sim/world.js";
import { builtinSuites } from "../../../tasks/registry.js";
import { pointTask } from "../../tasks/point-task.js";

beforeAll(initPhysics);

const channels = (count: number): TaskSpec["observation"] =>
  Array.from({ length: count }, (_, i) => ({ name: `c${i}`, unit: "rad" }));

/** A task whose observation is the same number again and again. */
const wide = (count: number, episodeSteps: number) =>
  pointTask({
    spec: { observation: channels(count), episodeSteps },
    scene: (_, state) => ({ observe: (out) => out.fill(state[0]!) }),
  });

async function exceeded(task: ReturnType<typeof pointTask>, plans?: RecordedPlans) {
  const error: unknown = await checkRecordable(task, plans).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(LimitExceeded);
  const { message, expected } = error as LimitExceeded;
  return `${message}, ${expected}`;
}

describe("what a whole episode comes to", () => {
  it.each(builtinSuites.map((suite) => [suite.name, suite] as const))(
    "is read of %s with plans of 100 steps",
    async (_, { tasks }) => {
      await checkRecordable(tasks[0]!, { horizon: 100, others: 6 });
    },
  );

  it("is refused by the number of messages, of which a plan takes two more a step", async () => {
    const steps = 124_998;
    const long = (episodeSteps: number) => pointTask({ spec: { episodeSteps } });
    await checkRecordable(long(steps), { horizon: 2, others: 1 });
    // Four a step, and four at the start.
    await checkRecordable(long(steps + 1), { horizon: 2, others: 1 });
    expect(await exceeded(long(steps + 2), { horizon: 2, others: 1 })).toBe(
      "500,004 messages, at most 500,000",
    );
    await checkRecordable(long(2 * steps));
  });

  it("is refused by the number of messages, of which a belief and what the models say of it take two more a step", async () => {
    const plans = { horizon: 2, others: 1, believed: ["light", "heavy"] };
    const long = (episodeSteps: number) => pointTask({ spec: { episodeSteps } });
    // Six a step, and four at the start.
    await checkRecordable(long(83_332), plans);
    expect(await exceeded(long(83_333), plans)).toBe("500,002 messages, at most 500,000");
  });

  it("is refused by tasks that it may be, which are too many, and by their probabilities in every step", async () => {
    const believed = Array.from({ length: 1025 }, (_, k) => `t${k}`);
    const plans = { horizon: 2, others: 1, believed };
    const refused = "1,025 tasks that the robot may have faced, at most 1,024";
    expect(await exceeded(pointTask({ spec: { episodeSteps: 2 } }), plans)).toBe(refused);
    const many = { ...plans, believed: believed.slice(1) };
    // A belief of 1024 tasks takes about 20 bytes of each, so that the file is too large before the numbers are too many.
    expect(await exceeded(pointTask({ spec: { episodeSteps: 30_000 } }), many)).toMatch(/ bytes, at most /);
  });

  it("is refused by the size of the file", async () => {
    expect(await exceeded(wide(400, 90_000))).toMatch(/^\d{3},\d{3},\d{3} bytes, at most 268,435,456$/);
  });

  it("is refused by the numbers that it expands to", async () => {
    const measures = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`m${i}`, 0]));
    const measured = (episodeSteps: number) =>
      pointTask({
        spec: { episodeSteps },
        scene: (scene) => ({ measure: () => ({ ...scene.measure(), ...measures }) }),
      });
    // Of a step: two entries, an action, 301 measures that count 16 each, and a pose of 7.
    const steps = Math.floor(2 ** 25 / (2 + 1 + 301 * 16 + 7));
    await checkRecordable(measured(steps - 1));
    expect(await exceeded(measured(steps + 1))).toMatch(/^33,5\d\d,\d{3} numbers, at most 33,554,432$/);
  });

  it("is refused by one message, such as that of a plan, and by bodies", async () => {
    expect(await exceeded(wide(60, 2), { horizon: 7000, others: 0 })).toMatch(
      /^\d,\d+,\d+ bytes in one message, at most 4,194,304$/,
    );
    const bodies = Array.from({ length: 4097 }, (_, i) => ({ name: `b${i}`, fixed: true, shapes: [] }));
    const crowd = pointTask({
      spec: { episodeSteps: 2 },
      scene: (scene) => ({ bodies: [...scene.bodies, ...bodies] }),
    });
    expect(await exceeded(crowd)).toMatch(/^4,\d+ bodies, at most 4,096$/);
  });
});
