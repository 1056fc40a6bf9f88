import { createHash } from "node:crypto";
import { performance } from "node:perf_hooks";
import { Arm } from "../../sim/arm/arm.js";
import { OperationalSpaceController } from "../../sim/arm/controller.js";
import { forwardKinematics, inverseKinematics } from "../../sim/arm/kinematics.js";
import { HOME_ANGLES } from "../../sim/arm/panda.js";
import { elementAt, firstOf } from "../../sim/core/element.js";
import { UsageError } from "../../sim/core/errors.js";
import { IDENTITY, length, sub, type Vec3, vec3At } from "../../sim/core/math/vector.js";
import { meanOf } from "../../sim/core/mean.js";
import { medianOf } from "../../sim/core/median.js";
import { Rng } from "../../sim/core/rng.js";
import { Environment } from "../../sim/environment.js";
import type { Pose } from "../../sim/task.js";
import { initPhysics, PhysicsWorld } from "../../sim/world.js";
import { createPushTask, DENSITIES } from "../../tasks/push/push.js";
import { CONTROL_PERIOD, type PhysicsStep } from "../../tasks/push/scene.js";
import { table } from "../compare/tables.js";

type Action = readonly [number, number];

export interface Setting extends PhysicsStep {
  readonly label: string;
}

const repeat = (count: number, action: (k: number) => Action): Action[] =>
  Array.from({ length: count }, (_, k) => action(k));

/** Pushes whose outcome depends on the physics and not on luck: no corner of the block is grazed for long. */
const PUSHES = {
  straight: repeat(40, () => [0.6, 0]),
  arc: repeat(60, (k) => [0.6, 0.2 * Math.sin(k * 0.35)]),
  turning: repeat(50, (k) => [0.5 * Math.cos(k * 0.03), 0.35 * Math.sin(k * 0.08)]),
  left: [...repeat(4, () => [0, 0.5]), ...repeat(36, () => [0.6, 0])],
  right: [...repeat(4, () => [0, -0.5]), ...repeat(36, () => [0.6, 0])],
} as const satisfies Readonly<Record<string, readonly Action[]>>;
type Push = keyof typeof PUSHES;

/** Reads `10x8`: 10 physics steps per control period, 8 solver iterations. @throws UsageError for anything else */
export function parseSetting(label: string): Setting {
  const [, steps, solverIterations] = /^([1-9]\d*)x([1-9]\d*)$/.exec(label) ?? [];
  if (steps !== undefined)
    return { label, timestep: CONTROL_PERIOD / Number(steps), solverIterations: Number(solverIterations) };
  throw new UsageError({
    what: "Cannot read a physics setting",
    got: `"${label}"`,
    expected: "steps per control period and solver iterations, for example 10x8",
  });
}

const open = (setting: PhysicsStep): Environment[] =>
  DENSITIES.map((densities) => new Environment(createPushTask(densities, setting)));

/** Final poses of the block by push, then by task. */
type Outcomes = Readonly<Record<Push, readonly Pose[]>>;

function pushAll(setting: PhysicsStep): Outcomes {
  const environments = open(setting);
  const run = (environment: Environment, actions: readonly Action[]): Pose => {
    environment.reset(1);
    for (const action of actions) environment.step(action);
    return environment.scene.bodyPose(environment.scene.bodies.findIndex(({ name }) => name === "block"));
  };
  const outcomes = Object.entries(PUSHES).map(([name, actions]) => [
    name,
    environments.map((environment) => run(environment, actions)),
  ]);
  for (const environment of environments) environment.close();
  return Object.fromEntries(outcomes);
}

const distanceMm = (a: Pose, b: Pose): number => length(sub(a.position, b.position)) * 1e3;

function angleDeg({ rotation: a }: Pose, { rotation: b }: Pose): number {
  const dot = Math.abs(a[0] * b[0] + a[1] * b[1] + a[2] * b[2] + a[3] * b[3]);
  return (2 * Math.acos(Math.min(1, dot)) * 180) / Math.PI;
}

function differences(outcomes: Outcomes, reference: Outcomes) {
  const pairs = (Object.keys(PUSHES) as Push[]).flatMap((name) =>
    outcomes[name].map((own, i) => [own, elementAt(reference[name], i, "tasks")] as const),
  );
  const mm = pairs.map(([a, b]) => distanceMm(a, b));
  const deg = pairs.map(([a, b]) => angleDeg(a, b));
  const [most, mostDeg] = [Math.max(...mm), Math.max(...deg)];
  return { mean: meanOf(mm), median: medianOf(mm), most, meanDeg: meanOf(deg), mostDeg };
}

/** Smallest distance between the blocks of two tasks after the same straight pushes, mm. */
function separation({ straight }: Outcomes): number {
  return Math.min(...straight.flatMap((a, i) => straight.slice(0, i).map((b) => distanceMm(a, b))));
}

/** Lag behind a Lissajous path at up to 0.2 m/s and separation of the joints, in an empty world, mm. */
function track({ timestep, solverIterations }: PhysicsStep): { lag: number; drift: number } {
  const base: Pose = { position: [0, 0, 0], rotation: IDENTITY };
  const { position, rotation } = forwardKinematics(HOME_ANGLES, base).endEffector;
  const path = (t: number): Vec3 => {
    const s = Math.min(1, t / 0.5);
    return [
      position[0] + s * 0.1 * Math.sin(1.6 * t),
      s * 0.15 * Math.sin(1.2 * t),
      position[2] + 0.15 + s * 0.05 * Math.sin(2 * t),
    ];
  };
  const world = new PhysicsWorld({ gravity: [0, 0, -9.81], timestep, solverIterations });
  const startAngles = inverseKinematics({ position: path(0), rotation }, base);
  const options = { gripper: "fixed", fingerFriction: 1, collisionGroups: 0 } as const;
  const arm = new Arm(world, { base: base.position, startAngles, ...options });
  const controller = new OperationalSpaceController(HOME_ANGLES);
  const lags: number[] = [];
  let drift = 0;
  const substeps = Math.round(CONTROL_PERIOD / timestep);
  for (let k = 1; k <= 80 * substeps; k++) {
    controller.update(arm.read(), path(k * timestep), rotation);
    arm.applyTorques(controller.torque);
    world.step();
    if (k % substeps !== 0) continue;
    arm.state.readEnd(world);
    const end = vec3At(arm.state.endPosition);
    if (k > 10 * substeps) lags.push(length(sub(end, path(k * timestep))) * 1e3);
    drift = Math.max(drift, arm.anchorDrift() * 1e3);
  }
  world.close();
  return { lag: meanOf(lags), drift };
}

/** Full-speed random actions, mostly forward; the environment refuses what is not finite. */
function extreme(setting: PhysicsStep, episodes: number): { speed: number; hash: string } {
  const hash = createHash("sha256");
  let speed = 0;
  for (const environment of open(setting)) {
    for (let episode = 0; episode < episodes; episode++) {
      const rng = Rng.fromSeed(episode);
      let before = environment.reset(episode);
      for (let k = 0; k < environment.task.spec.episodeSteps; k++) {
        const { observation } = environment.step([
          rng.uniform() < 0.68 ? 1 : -1,
          rng.uniform() < 0.5 ? 1 : -1,
        ]);
        for (let i = 2; i < 10; i++)
          speed = Math.max(speed, Math.abs(observation[i]! - before[i]!) / CONTROL_PERIOD);
        before = observation;
      }
      hash.update(before);
    }
    environment.close();
  }
  return { speed, hash: hash.digest("hex") };
}

/** Milliseconds per environment step, one median per setting; the settings take turns. */
function times(settings: readonly Setting[]): number[] {
  const densities = firstOf(DENSITIES, "densities");
  const runs = settings.map((setting) => ({
    environment: new Environment(createPushTask(densities, setting)),
    samples: [] as number[],
  }));
  for (let round = -3; round < 11; round++) {
    for (const { environment, samples } of runs) {
      environment.reset(1);
      const start = performance.now();
      for (const action of PUSHES.arc) environment.step(action);
      if (round >= 0) samples.push((performance.now() - start) / PUSHES.arc.length);
    }
  }
  for (const { environment } of runs) environment.close();
  return runs.map(({ samples }) => medianOf(samples));
}

export interface PhysicsStepOptions {
  /** Settings to compare; the first is what speeds are relative to. */
  readonly settings: readonly Setting[];
  /** A fine setting that errors are measured against. */
  readonly reference: Setting;
  /** Episodes of extreme random actions per task. */
  readonly episodes: number;
}

/** Compares physics steps of the push tasks, as a table. */
export async function benchPhysicsStep({
  settings,
  reference,
  episodes,
}: PhysicsStepOptions): Promise<string> {
  await initPhysics();
  const fine = pushAll(reference);
  const ms = times(settings);
  const f = (x: number, digits = 1) => x.toFixed(digits);
  const rows = settings.map((setting, i) => {
    const outcomes = pushAll(setting);
    const d = differences(outcomes, fine);
    const { lag, drift } = track(setting);
    const { speed } = extreme(setting, episodes);
    const hashes = new Set([1, 2].map(() => extreme(setting, 1).hash));
    const own = elementAt(ms, i, "times");
    const speeds = [f(setting.timestep * 1e3), f(1000 / own, 0), f(firstOf(ms, "times") / own, 2)];
    const off = [`${f(d.mean)} / ${f(d.median)} / ${f(d.most)}`, `${f(d.meanDeg)} / ${f(d.mostDeg)}`];
    const arm = [f(separation(outcomes)), f(lag), f(drift, 4)];
    return [setting.label, ...speeds, ...off, ...arm, f(speed, 2), hashes.size === 1 ? "same" : "DIFFERENT"];
  });
  const head =
    "setting|step\nms|steps/s|speed\n×|pose off, mm\nmean/median/most|angle off, °\nmean/most|tasks\napart mm";
  const tail = "lag\nmm|drift\nmm|fastest\nm/s|bytes\ntwice";
  return table([head.split("|"), tail.split("|")], rows);
}
