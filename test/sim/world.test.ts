import { execFileSync } from "node:child_process";
import { beforeAll, describe, expect, test } from "vitest";
import { InputError, UsageError } from "../../sim/core/errors.js";
import { foreign } from "../../sim/core/foreign.js";
import { NO_ROTATION, xyz } from "../../sim/core/math/vector.js";
import {
  initPhysics,
  PhysicsWorld,
  physicsVersion,
  RigidBodyDesc,
  substepsPerControl,
} from "../../sim/world.js";
import { createPushScene } from "../../tasks/push/scene.js";

interface Instance {
  readonly exports: Readonly<Record<string, unknown>>;
}
type Instantiate = (source: unknown, imports: unknown) => Promise<Instance | { readonly instance: Instance }>;
// The compiler's library for Node has no types for WebAssembly.
const wasm = foreign<{ WebAssembly: { instantiate: Instantiate } }>(globalThis).WebAssembly;

// The engine keeps its memory to itself, so the test catches it on the way in.
const memories: { readonly buffer: ArrayBuffer }[] = [];

beforeAll(async () => {
  const original = wasm.instantiate;
  wasm.instantiate = async (source, imports) => {
    const result = await original(source, imports);
    const { exports } = "instance" in result ? result.instance : result;
    const isRapier = "rawrigidbodyset_rbAddTorque" in exports;
    if (isRapier) memories.push(exports.memory as { buffer: ArrayBuffer });
    return result;
  };
  expect(() => new PhysicsWorld({ gravity: [0, 0, 0], timestep: 0.01, solverIterations: 4 })).toThrow(
    /await initPhysics\(\)/,
  );
  await initPhysics();
  await initPhysics();
  wasm.instantiate = original;
});

const wasmBytes = (): number => memories[0]!.buffer.byteLength;

function fallingBody(): { world: PhysicsWorld; body: number } {
  const world = new PhysicsWorld({ gravity: [0, 0, -10], timestep: 0.01, solverIterations: 4 });
  return { world, body: world.rapier.createRigidBody(RigidBodyDesc.dynamic().setAdditionalMass(2)).handle };
}

describe("engine", () => {
  test("is loaded once and says its version", () => {
    expect(memories).toHaveLength(1);
    expect(physicsVersion()).toBe("rapier3d simd 0.20.0");
  });

  test("the control period must be a whole multiple of the physics step; the error gives both", () => {
    expect(substepsPerControl(0.1, 0.01)).toBe(10);
    expect(substepsPerControl(0.05, 0.005)).toBe(10);
    expect(substepsPerControl(0.01, 0.01)).toBe(1);
    expect(() => substepsPerControl(0.1, 0.03)).toThrow(UsageError);
    expect(() => substepsPerControl(0.1, 0.03)).toThrow(/0\.1 s.*0\.03 s/);
    expect(() => substepsPerControl(0.01, 0.02)).toThrow(UsageError);
  });
});

describe("PhysicsWorld", () => {
  test("gravity and step: a body falls by g t²/2 within the integrator's error g dt t/2", () => {
    const { world, body } = fallingBody();
    for (let i = 0; i < 100; i++) world.step();
    expect(Math.abs(world.pose(body).position[2] + 5)).toBeLessThan(0.0501);
    world.close();
  });

  test("a restored world continues with the same bits under the same handles", () => {
    const { world, body } = fallingBody();
    for (let i = 0; i < 10; i++) world.step();
    const state = world.snapshot();
    const hash = world.stateHash();
    const old = world.body(body);
    world.step();
    const after = world.stateHash();
    expect(after).not.toBe(hash);
    world.restore(state);
    expect(world.stateHash()).toBe(hash);
    expect(world.body(body)).not.toBe(old);
    world.step();
    expect(world.stateHash()).toBe(after);
    world.close();
  });

  test("unreadable bytes are refused and the world goes on", () => {
    const { world } = fallingBody();
    const hash = world.stateHash();
    for (const bytes of [new Uint8Array(10), world.snapshot().slice(0, 200)]) {
      expect(() => world.restore(bytes)).toThrow(InputError);
    }
    expect(world.stateHash()).toBe(hash);
    world.close();
  });

  test("a torque acts until replaced", () => {
    const world = new PhysicsWorld({ gravity: [0, 0, 0], timestep: 0.01, solverIterations: 4 });
    const [zero, one] = [xyz([0, 0, 0]), xyz([1, 1, 1])];
    const desc = RigidBodyDesc.dynamic().setAdditionalMassProperties(1, zero, one, NO_ROTATION);
    const { handle } = world.rapier.createRigidBody(desc.setCanSleep(false));
    world.setTorque(handle, 0, 0, 5);
    world.setTorque(handle, 0, 0, 2);
    for (let i = 0; i < 10; i++) world.step();
    const [x, y, spin] = world.angularVelocity(handle);
    expect([x, y]).toEqual([0, 0]);
    expect(spin).toBeCloseTo(0.2, 4);
    world.close();
  });
});

describe("memory", () => {
  const options = { densities: [500, 100], name: "memory" } as const;

  test("1,000 resets do not grow the engine's memory", () => {
    const scene = createPushScene(options);
    const round = (count: number) => {
      for (let i = 0; i < count; i++) {
        scene.reset(() => 0);
        scene.advance([1, 0]);
      }
    };
    round(50);
    const before = wasmBytes();
    round(1000);
    // One world kept per reset would be 150 KB each, one snapshot 13 KB: 13 MB and more.
    expect(wasmBytes() - before).toBeLessThan(1e6);
    scene.close();
  });

  test("worlds that stay open do grow it: the measure works", () => {
    const worlds = Array.from({ length: 40 }, () => fallingBody().world);
    const before = wasmBytes();
    const more = Array.from({ length: 200 }, () => fallingBody().world);
    expect(wasmBytes() - before).toBeGreaterThan(1e6);
    for (const world of [...worlds, ...more]) world.close();
  });

  test("opening and closing 100 scenes does not grow it either", () => {
    const round = (count: number) => {
      for (let i = 0; i < count; i++) createPushScene(options).close();
    };
    round(10);
    const before = wasmBytes();
    round(100);
    expect(wasmBytes() - before).toBeLessThan(1e6);
  });
});

test("Rapier is imported in sim/world.ts alone", () => {
  const found = execFileSync(
    "grep",
    ["-rlE", "(from|import).*[\"']@dimforge/rapier3d", "sim", "tasks", "agent", "planners", "scripts"],
    {
      encoding: "utf8",
    },
  );
  expect(found.trim().split("\n")).toEqual(["sim/world.ts"]);
});
