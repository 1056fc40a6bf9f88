import { performance } from "node:perf_hooks";
import { Environment } from "../../sim/environment.js";
import { initPhysics, PhysicsWorld } from "../../sim/world.js";
import { builtinSuites } from "../../tasks/registry.js";
import { median } from "./measure.js";

export interface EnvironmentFigures {
  /** Suite and task. */
  readonly task: string;
  /** Environment steps per second of wall time, median over the rounds. */
  readonly stepsPerSecond: number;
  /** Time in Rapier's `world.step` per environment step, ms, median. */
  readonly physicsMs: number;
  /** All other time per environment step (state reading, controller, observation, reward), ms, median. */
  readonly ownMs: number;
  /** `ownMs / physicsMs`, median of the rounds' ratios. */
  readonly ownShare: number;
  readonly rounds: number;
}

export interface BenchOptions {
  readonly rounds?: number;
  readonly stepsPerRound?: number;
}

/** Accumulates the time spent in `PhysicsWorld.step` of every world until `stop` is called. */
function measurePhysics(): { takeMs(): number; stop(): void } {
  const original = PhysicsWorld.prototype.step;
  let total = 0;
  PhysicsWorld.prototype.step = function (this: PhysicsWorld) {
    const start = performance.now();
    original.call(this);
    total += performance.now() - start;
  };
  return {
    takeMs: () => {
      const taken = total;
      total = 0;
      return taken;
    },
    stop: () => {
      PhysicsWorld.prototype.step = original;
    },
  };
}

/**
 * Speed of the first task of each suite: one environment, slow pushes along an arc, resets left out. The clock
 * itself costs about 0.1 µs per physics step and counts as own time.
 */
export async function benchEnvironment(options: BenchOptions = {}): Promise<EnvironmentFigures[]> {
  const { rounds = 11, stepsPerRound = 100 } = options;
  await initPhysics();
  const physics = measurePhysics();
  try {
    return builtinSuites.map((suite) => {
      const environment = new Environment(suite.tasks[0]);
      // The first rounds are compiled anew by the JavaScript engine.
      for (let i = 0; i < 5; i++) runRound(environment, stepsPerRound, physics.takeMs);
      const samples = Array.from({ length: rounds }, () =>
        runRound(environment, stepsPerRound, physics.takeMs),
      );
      environment.close();
      return {
        task: `${suite.name}/${suite.tasks[0].name}`,
        stepsPerSecond: median(samples.map((s) => 1000 / (s.physicsMs + s.ownMs))),
        physicsMs: median(samples.map((s) => s.physicsMs)),
        ownMs: median(samples.map((s) => s.ownMs)),
        ownShare: median(samples.map((s) => s.ownMs / s.physicsMs)),
        rounds,
      };
    });
  } finally {
    physics.stop();
  }
}

function runRound(environment: Environment, steps: number, takeMs: () => number) {
  environment.reset(1);
  takeMs();
  const width = environment.task.spec.action.length;
  const start = performance.now();
  for (let k = 0; k < steps; k++) {
    environment.step(Array.from({ length: width }, (_, i) => (i === 0 ? 0.6 : 0.2 * Math.sin(k * 0.35))));
  }
  const totalMs = (performance.now() - start) / steps;
  const physicsMs = takeMs() / steps;
  return { physicsMs, ownMs: totalMs - physicsMs };
}
