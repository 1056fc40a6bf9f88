import { InputError } from "../../../sim/core/errors.js";
import { Environment } from "../../../sim/environment.js";
import type { Belief } from "../../../sim/recording/belief-messages.js";
import type { EpisodeHeader, Forecast } from "../../../sim/recording/episode.js";
import { EpisodeRecorder } from "../../../sim/recording/recorder.js";
import type { TaskForecast } from "../../../sim/recording/task-plan-messages.js";
import type { Pose, Scene, Task, VisualBody, VisualShape } from "../../../sim/task.js";
import { take } from "../../take.js";

const PERIOD = 0.05;
export const PHYSICS = "toy 1.0";

export interface FakeOptions {
  /** Moving bodies that follow the point. */
  readonly bodies?: number;
  readonly episodeSteps?: number;
  /** s⁻¹ */
  readonly damping?: number;
  /** Episodes end by themselves where y is further from 0, where they begin, m. */
  readonly range?: number;
}

/** A damped point mass in the plane: state and snapshot are (x, y, vx, vy) in float64. */
class PointScene implements Scene {
  readonly #state = new Float64Array(4);
  readonly #damping: number;
  readonly bodies: readonly VisualBody[];

  constructor({ bodies = 2, damping = 0.7 }: FakeOptions) {
    this.#damping = damping;
    const moving = Array.from({ length: bodies }, (_, i) => ({
      name: `point${i}`,
      fixed: false,
      shapes: [shape("capsule", [0.1, 0.1, 0.5])],
    }));
    this.bodies = [
      {
        name: "table",
        fixed: true,
        shapes: [shape("box", [1, 2, 0.1]), shape("cylinder", [0.2, 0.2, 1])],
      },
      ...moving,
    ];
  }

  reset(random: () => number): void {
    this.#state.set([random() - 0.5, -0, 0, random() * 0.1]);
  }

  advance(action: ArrayLike<number>): void {
    const s = this.#state;
    for (const axis of [0, 1]) {
      s[axis + 2]! += PERIOD * (action[axis]! - this.#damping * s[axis + 2]! - Math.sin(s[axis]!));
      s[axis]! += PERIOD * s[axis + 2]!;
    }
  }

  observe(out: Float32Array): void {
    out.set(this.#state);
  }

  measure(): Record<string, number> {
    return { distanceMm: 1000 * Math.hypot(this.#state[0]!, this.#state[1]!), undefinedRatio: 0 / 0 };
  }

  bodyPose(index: number): Pose {
    const [x, y] = take(2, this.#state);
    const half = x / 2;
    const position: Pose["position"] = index === 0 ? [0, 0, -0.05] : [x, y, index];
    return { position, rotation: index === 0 ? [0, 0, 0, 1] : [0, 0, Math.sin(half), Math.cos(half)] };
  }

  snapshot(): Uint8Array {
    return new Uint8Array(this.#state.slice().buffer);
  }

  restore(snapshot: Uint8Array): void {
    if (snapshot.length !== 32) throw new InputError({ what: "Not a snapshot of a point" });
    this.#state.set(new Float64Array(new Uint8Array(snapshot).buffer));
  }

  close(): void {}
}

function shape(kind: VisualShape["kind"], size: VisualShape["size"]): VisualShape {
  // A quarter turn about x takes the shape's z axis to -y.
  const rotation: Pose["rotation"] = [Math.SQRT1_2, 0, 0, Math.SQRT1_2];
  return { kind, size, pose: { position: [0, 0, 0.25], rotation }, color: [1, 0.5, 0.25, 1] };
}

export function fakeTask(options: FakeOptions = {}): Task {
  const { range } = options;
  return {
    name: "point",
    spec: {
      observation: ["x", "y", "vx", "vy"].map((name) => ({ name, unit: name.length === 1 ? "m" : "m/s" })),
      action: ["forceX", "forceY"].map((name) => ({ name, unit: "N", low: -1, high: 1 })),
      episodeSteps: options.episodeSteps ?? 35,
      controlPeriod: PERIOD,
    },
    createScene: () => new PointScene(options),
    reward: (ops, { nextObservation }) => {
      const position = ops.slice(nextObservation, 0, 2);
      return ops.scale(ops.sqrt(ops.sum(ops.mul(position, position))), -1);
    },
    ...(range !== undefined && {
      terminated: (ops, observation) => ops.sub(ops.abs(ops.slice(observation, 1, 2)), ops.constant([range])),
    }),
    succeeded: ({ distanceMm }) => distanceMm! < 10,
    landmarks: {
      names: ["point", "above"],
      locate: (observations) =>
        observations.map((observation) => {
          const [x, y] = take(2, observation);
          return [
            [x, y, 1],
            [x, y, 2],
          ];
        }),
    },
  };
}

export const HEADER: EpisodeHeader = {
  suite: "toy",
  task: "point",
  taskIndex: 3,
  phase: "evaluate",
  afterTask: 4,
  seed: 17,
  settingsHash: "abc123",
  versions: { hypercrl: "0.1.0", physics: PHYSICS, node: "20" },
};

/** The action of a step: out of bounds at times, and with a negative zero. */
export function fakeAction(step: number): number[] {
  return [1.2 * Math.sin(step / 3), step % 7 === 0 ? -0 : Math.cos(step / 5)];
}

/** Steps that a fake plan looks ahead, and how many others it has beside the chosen one. */
export const PLANNED = { horizon: 4, others: 2 } as const;

/** A forecast without a model: sequence k adds (k + 1) · h to every entry of the observation. */
export function fakeForecast(observation: Float32Array): Forecast {
  const rows = (k: number) =>
    Array.from({ length: PLANNED.horizon }, (_, h) => [...observation].map((v) => v + (k + 1) * (h + 1)));
  const others = Array.from({ length: PLANNED.others }, (_, k) => rows(k + 1));
  return {
    chosen: Float32Array.from(rows(0).flat()),
    others: Float32Array.from(others.flat(2)),
  };
}

/** Records an episode (all of it, or `steps` steps) without writing it. */
export function recordEpisode(
  task: Task,
  seed = 17,
  steps = task.spec.episodeSteps,
  forecast?: (observation: Float32Array) => Forecast,
): EpisodeRecorder {
  const environment = new Environment(task);
  environment.reset(seed);
  const recorder = new EpisodeRecorder(environment, { ...HEADER, seed });
  for (let step = 1; step <= steps; step++) {
    if (forecast !== undefined) recorder.recordPlan(forecast(environment.observation));
    const action = fakeAction(step);
    recorder.record(action, environment.step(action));
  }
  return recorder;
}

/** The tasks that an unannounced fake episode may be of; the last is the one that it is. */
export const BELIEVED = ["light", "heavy", "point"] as const;

/** A belief that turns to the last task; from step 5 on it is certain. */
export function fakeBelief(step: number): Belief {
  const right = Math.min(0.25 + step / 7, 0.97);
  return { tasks: BELIEVED, probabilities: [(1 - right) / 4, (3 * (1 - right)) / 4, right] };
}

/** What the models say while the belief is not certain: that of task k adds (k + 1) · h to every entry of the observation. */
function fakeTaskForecasts(observation: Float32Array, step: number): TaskForecast[] {
  if (step >= 5) return [];
  const { chosen, others } = fakeForecast(observation);
  const all = [chosen, others.subarray(0, chosen.length), others.subarray(chosen.length)];
  return BELIEVED.map((task, index) => ({ task, index, chosen: all[index]! }));
}

/** Records the first steps of an episode whose task was not announced. @param told false to leave out what was believed */
export function recordUnannounced(steps: number, told = true): EpisodeRecorder {
  const environment = new Environment(fakeTask());
  environment.reset(HEADER.seed);
  const recorder = new EpisodeRecorder(environment, HEADER);
  for (let step = 1; step <= steps; step++) {
    if (told) recorder.recordBelief(fakeBelief(step));
    recorder.recordPlan(fakeForecast(environment.observation));
    if (told) recorder.recordTaskPlans(fakeTaskForecasts(environment.observation, step));
    const action = fakeAction(step);
    recorder.record(action, environment.step(action));
  }
  return recorder;
}
