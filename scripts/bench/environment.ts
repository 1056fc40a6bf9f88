import { firstOf } from "../../sim/core/element.js";
import { medianOf } from "../../sim/core/median.js";
import { Environment } from "../../sim/environment.js";
import { initPhysics, PhysicsWorld } from "../../sim/world.js";
import { builtinSuites } from "../../tasks/registry.js";
import { REPETITION } from "./measure.js";
import { joinSections, named, type Section } from "./result.js";
import { Stopwatch } from "./stopwatch.js";

/** Steps of a round; fewer where episodes are shorter. */
const STEPS = 100;

/** Times of one environment step, ms, mean over a round. */
interface StepTimes {
  /** In Rapier's `world.step`. */
  readonly physicsMs: number;
  /** Everything else: state reading, controller, observation, reward. */
  readonly ownMs: number;
}

/**
 * Speed of the first task of each suite: one environment, a steady first action and waves in the others, resets left out. The clock
 * itself costs about 0.1 µs per physics step and counts as own time.
 */
export async function benchEnvironment(): Promise<Section> {
  await initPhysics();
  const physics = new Stopwatch().watch(PhysicsWorld.prototype, ["step"]);
  try {
    return joinSections(
      builtinSuites.map((suite) => {
        const environment = new Environment(firstOf(suite.tasks, "tasks"));
        const { warmUp, rounds } = REPETITION;
        const times = Array.from({ length: warmUp + rounds }, () => runRound(environment, physics));
        environment.close();
        return section(suite.name, times.slice(warmUp));
      }),
    );
  } finally {
    physics.stop();
  }
}

function runRound(environment: Environment, physics: Stopwatch): StepTimes {
  environment.reset(1);
  physics.take();
  const { action, episodeSteps } = environment.task.spec;
  const width = action.length;
  const steps = Math.min(STEPS, episodeSteps);
  const start = performance.now();
  for (let k = 0; k < steps; k++) {
    environment.step(Array.from({ length: width }, (_, i) => (i === 0 ? 0.6 : 0.2 * Math.sin(k * 0.35))));
  }
  const totalMs = (performance.now() - start) / steps;
  const physicsMs = physics.take() / steps;
  return { physicsMs, ownMs: totalMs - physicsMs };
}

function section(suite: string, times: readonly StepTimes[]): Section {
  const middle = (pick: (t: StepTimes) => number) => medianOf(times.map(pick));
  const stepsPerSecond = middle((t) => 1000 / (t.physicsMs + t.ownMs));
  const physicsMs = middle((t) => t.physicsMs);
  const ownMs = middle((t) => t.ownMs);
  const ownShare = middle((t) => t.ownMs / t.physicsMs);
  const row = {
    what: `${suite} environment step`,
    figure: `${stepsPerSecond.toFixed(0)} steps/s, own code ${ownMs.toFixed(3)} ms`,
    against: `Rapier ${physicsMs.toFixed(2)} ms`,
    ratio: ownShare.toFixed(3),
  };
  const figures = named(`environment.${suite}`, {
    rate: [stepsPerSecond, "steps/s"],
    physicsMs: [physicsMs, "ms"],
    ownMs: [ownMs, "ms"],
    ownToPhysics: [ownShare, "ratio"],
  });
  return { figures, rows: [row] };
}
