import { Ajv2020 } from "ajv/dist/2020.js";
import { beforeAll, describe, expect, it } from "vitest";
import { Rng } from "../../sim/core/rng.js";
import { Environment } from "../../sim/environment.js";
import { randomAction } from "../../sim/random-action.js";
import { EpisodeRecorder } from "../../sim/recording/recorder.js";
import type { Task } from "../../sim/task.js";
import { initPhysics } from "../../sim/world.js";
import { builtinSuites } from "../../tasks/registry.js";
import { type ForeignTopic, readForeign } from "./foreign-reader.js";

const STEPS = 15;
/** Of plans that expect the present to last. */
const HORIZON = 3;
/** Suites whose tasks have a place to reach; the others are to open a door and to run. */
const WITH_GOAL = ["push", "push-slide", "push-random", "cartpole", "reacher"];

beforeAll(() => initPhysics());

async function record(suite: string, task: Task): Promise<Uint8Array> {
  const environment = new Environment(task);
  try {
    environment.reset(7);
    const versions = { hypercrl: "0", physics: "0" };
    const recorder = new EpisodeRecorder(environment, {
      ...{ suite, task: task.name, taskIndex: 0, phase: "random", afterTask: -1, seed: 7, settingsHash: "0" },
      versions,
    } as const);
    const rng = Rng.fromSeed(3);
    for (let step = 0; step < STEPS; step++) {
      const stay = new Float32Array(HORIZON * environment.observation.length);
      for (let h = 0; h < HORIZON; h++) stay.set(environment.observation, h * environment.observation.length);
      recorder.recordPlan({ chosen: stay, others: stay });
      const action = randomAction(task.spec, rng);
      recorder.record(action, environment.step(action));
    }
    return await recorder.bytes();
  } finally {
    environment.close();
  }
}

interface Vector {
  readonly x: number;
  readonly y: number;
  readonly z: number;
  readonly w?: number;
}

interface Transform {
  readonly timestamp: { readonly seconds: bigint; readonly nanos: number };
  readonly parent_frame_id: string;
  readonly child_frame_id: string;
  readonly translation: Vector;
  readonly rotation: Vector;
}

interface Primitive {
  readonly pose: { readonly position: Vector; readonly orientation: Vector };
  readonly size: Vector;
  readonly color: { readonly r: number; readonly g: number; readonly b: number; readonly a: number };
}

interface Line {
  readonly points: readonly Vector[];
  readonly thickness: number;
  readonly color: { readonly a: number };
}

interface Entity {
  readonly lines: readonly Line[];
  readonly id: string;
  readonly frame_id: string;
  readonly frame_locked: boolean;
  readonly lifetime: { readonly seconds: bigint; readonly nanos: number };
  readonly cubes: readonly Primitive[];
  readonly spheres: readonly Primitive[];
  readonly cylinders: readonly (Primitive & { readonly top_scale: number; readonly bottom_scale: number })[];
}

const only = <T>(topics: Map<string, ForeignTopic>, topic: string, field: string): T[] => {
  const { messages } = topics.get(topic)!;
  expect(messages.length, topic).toBe(1);
  return messages[0]!.value[field] as T[];
};
const finite = ({ x, y, z }: Vector) => [x, y, z].every(Number.isFinite);
const length = ({ x, y, z, w = 0 }: Vector) => Math.hypot(x, y, z, w);

/** A schema that Foxglove takes: one plain type everywhere, and a list of properties in every object. */
function expectPlain(schema: Record<string, unknown>, where: string): void {
  expect(["object", "array", "number", "integer", "boolean", "string"], where).toContain(schema.type);
  if (schema.type === "array") expectPlain(schema.items as Record<string, unknown>, `${where}[]`);
  if (schema.type !== "object") return;
  expect(schema.properties, where).toBeTypeOf("object");
  for (const [name, part] of Object.entries(schema.properties as Record<string, Record<string, unknown>>)) {
    expectPlain(part, `${where}.${name}`);
  }
}

const ALL = builtinSuites.flatMap(({ name, tasks }) =>
  // Twenty tasks that differ in a density are recorded alike.
  [...new Set([tasks[0]!, ...(name === "push-random" ? [] : tasks.slice(1)), tasks[tasks.length - 1]!])].map(
    (task) => [name, task.name, task] as const,
  ),
);

describe.each(ALL)("a recording of %s, task %s, to a reader that knows nothing of it", (suite, _, task) => {
  let topics: Map<string, ForeignTopic>;
  beforeAll(async () => {
    topics = await readForeign(await record(suite, task));
  });

  it("has its topics, one message per state or step, at the times of the steps", () => {
    const counts = [...topics].map(([topic, t]) => [topic, t.schemaName, t.encoding, t.messages.length]);
    expect(counts).toEqual([
      ["/scene", "foxglove.SceneUpdate", "protobuf", 1],
      ["/tf_static", "foxglove.FrameTransforms", "protobuf", 1],
      ["/tf", "foxglove.FrameTransforms", "protobuf", STEPS + 1],
      ["/reset", "hypercrl.Reset", "json", 1],
      ["/step", "hypercrl.Step", "json", STEPS],
      ["/plan", "foxglove.SceneUpdate", "protobuf", STEPS],
      ["/prediction", "hypercrl.Prediction", "json", STEPS],
    ]);
    const period = task.spec.controlPeriod * 1e9;
    for (const [topic, first] of [
      ["/tf", 0],
      ["/step", 1],
      ["/plan", 0],
      ["/prediction", 0],
    ] as const) {
      topics.get(topic)!.messages.forEach(({ time }, i) => {
        expect(Math.abs(Number(time) - (i + first) * period)).toBeLessThanOrEqual(0.5);
      });
    }
  });

  it("has one tree of frames at every moment, with unit quaternions and its own time", () => {
    const fixed = only<Transform>(topics, "/tf_static", "transforms");
    for (const { time, value } of topics.get("/tf")!.messages) {
      const moving = value.transforms as Transform[];
      const parents = new Map([...fixed, ...moving].map((t) => [t.child_frame_id, t.parent_frame_id]));
      expect(parents.size, "every frame once").toBe(fixed.length + moving.length);
      for (const frame of parents.keys()) {
        const chain = [frame];
        for (let up = parents.get(frame); up !== undefined; up = parents.get(up)) {
          expect(chain, "no cycle").not.toContain(up);
          chain.push(up);
        }
        expect(chain.at(-1)).toBe("world");
      }
      for (const { timestamp, translation, rotation } of moving) {
        expect(BigInt(timestamp.seconds) * 1_000_000_000n + BigInt(timestamp.nanos)).toBe(time);
        expect(finite(translation)).toBe(true);
        expect(length(rotation)).toBeCloseTo(1, 6);
      }
    }
    for (const { timestamp, translation, rotation } of fixed) {
      expect([BigInt(timestamp.seconds), timestamp.nanos]).toEqual([0n, 0]);
      expect(finite(translation)).toBe(true);
      expect(length(rotation)).toBeCloseTo(1, 6);
    }
  });

  it("something moves", () => {
    const { messages } = topics.get("/tf")!;
    const places = messages.map(({ value }) =>
      JSON.stringify((value.transforms as Transform[]).map((t) => [t.translation, t.rotation])),
    );
    expect(new Set(places).size).toBe(STEPS + 1);
  });

  it("draws entities of their own names, for good, in frames that exist, with shapes that can be seen", () => {
    const entities = only<Entity>(topics, "/scene", "entities");
    const frames = ["/tf_static", "/tf"].flatMap((topic) =>
      (topics.get(topic)!.messages[0]!.value.transforms as Transform[]).map((t) => t.child_frame_id),
    );
    expect(new Set(entities.map(({ id }) => id)).size).toBe(entities.length);
    expect(entities.map(({ frame_id }) => frame_id).sort()).toEqual(frames.toSorted());
    for (const { frame_locked, lifetime, cubes, spheres, cylinders } of entities) {
      expect([frame_locked, BigInt(lifetime.seconds), lifetime.nanos]).toEqual([true, 0n, 0]);
      for (const { top_scale, bottom_scale } of cylinders) expect([top_scale, bottom_scale]).toEqual([1, 1]);
      const primitives: Primitive[] = [...cubes, ...spheres, ...cylinders];
      expect(primitives.length).toBeGreaterThan(0);
      for (const { pose, size, color } of primitives) {
        expect(finite(pose.position)).toBe(true);
        expect(length(pose.orientation)).toBeCloseTo(1, 6);
        expect(Math.min(size.x, size.y, size.z)).toBeGreaterThan(0);
        for (const share of Object.values(color)) expect(share >= 0 && share <= 1).toBe(true);
        expect(color.a).toBeGreaterThan(0);
      }
    }
  });

  it("draws a line for every planned sequence and landmark, the chosen one wider, from where that is", () => {
    const names = task.landmarks!.names.map((name) => `plan/${name}`);
    for (const { value } of topics.get("/plan")!.messages) {
      const entities = value.entities as Entity[];
      expect(entities.map(({ id }) => id)).toEqual(names);
      for (const { frame_id, lines } of entities) {
        expect(frame_id).toBe("world");
        expect(lines.map(({ points }) => points.length)).toEqual([HORIZON + 1, HORIZON + 1]);
        expect(lines.every(({ points, color }) => points.every(finite) && color.a > 0)).toBe(true);
        expect(lines[0]!.thickness).toBeGreaterThan(lines[1]!.thickness);
      }
    }
    const starts = topics
      .get("/plan")!
      .messages.map(({ value }) => (value.entities as Entity[])[0]!.lines[0]!.points[0]);
    expect(new Set(starts.map((point) => JSON.stringify(point))).size).toBe(STEPS);
  });

  it("marks the goal in green, where there is one", () => {
    const goal = only<Entity>(topics, "/scene", "entities").find(({ id }) => id === "goal");
    expect(goal !== undefined).toBe(WITH_GOAL.includes(suite));
    if (goal === undefined) return;
    const markers = [...goal.cubes, ...goal.spheres, ...goal.cylinders];
    expect(markers.length).toBe(suite.startsWith("push") ? 4 : 1);
    for (const { color } of markers) expect(color.g).toBeGreaterThan(2 * Math.max(color.r, color.b));
  });

  it("has steps that fit their JSON schema, which Foxglove can plot", () => {
    const ajv = new Ajv2020({ strict: true, allErrors: true });
    for (const topic of ["/reset", "/step", "/prediction"]) {
      const { schemaEncoding, schemaData, messages } = topics.get(topic)!;
      expect(schemaEncoding).toBe("jsonschema");
      const schema = JSON.parse(new TextDecoder().decode(schemaData)) as Record<string, unknown>;
      expectPlain(schema, topic);
      const validate = ajv.compile(schema);
      for (const { value } of messages) {
        validate(value);
        expect(validate.errors).toBeNull();
      }
      expect(validate({ ...messages[0]!.value, extra: 1 })).toBe(false);
      expect(validate({ ...messages[0]!.value, observation: {} })).toBe(false);
    }
    const names = task.spec.observation.map(({ name }) => name);
    const { observation, action } = topics.get("/step")!.messages[0]!.value as {
      observation: object;
      action: object;
    };
    expect(Object.keys(observation)).toEqual(names);
    expect(Object.keys(action)).toEqual(task.spec.action.map(({ name }) => name));
  });
});
