import { foreign } from "../../sim/core/foreign.js";
import type { Ops } from "../../sim/core/ops.js";
import { decodeSnapshot, encodeSnapshot } from "../../sim/snapshot.js";
import type {
  NamedOutcome,
  Scene,
  Task,
  TaskParameter,
  TaskSpec,
  TaskSuite,
  Transition,
} from "../../sim/task.js";
import { take } from "../take.js";

const PERIOD = 0.1;

const SPEC: TaskSpec = {
  observation: [
    { name: "angle", unit: "rad", angle: true },
    { name: "velocity", unit: "rad/s" },
  ],
  action: [{ name: "torque", unit: "N·m", low: -1, high: 1 }],
  episodeSteps: 60,
  controlPeriod: PERIOD,
};

/** A wheel with friction on `state` (angle, velocity): the smallest sound scene. */
function wheelScene(state = new Float64Array(2)): Scene {
  return {
    reset: (random) => state.set([random(), 0]),
    advance: (action: readonly number[]) => {
      const [torque] = take(1, action);
      state[1]! += PERIOD * (4 * torque - 0.1 * state[1]!);
      state[0]! += PERIOD * state[1]!;
    },
    observe: (out) => {
      out[0]! = state[0]!;
      out[1]! = state[1]!;
    },
    measure: () => ({ angleErrorRad: Math.abs(state[0]!) }),
    bodies: [{ name: "wheel", fixed: false, shapes: [] }],
    bodyPose: () => ({
      position: [0, 0, 0],
      rotation: [0, 0, Math.sin(state[0]! / 2), Math.cos(state[0]! / 2)],
    }),
    snapshot: () => encodeSnapshot("wheel", { extra: state, world: new Uint8Array(0) }),
    restore: (bytes) => state.set(decodeSnapshot("wheel", bytes).extra),
    close: () => {},
  } as Scene;
}

/** A sound outcome. */
export const SLOW: NamedOutcome = {
  name: "slow",
  description: "the wheel is within half a turn of where it shall be",
  holds: ({ angleErrorRad }) => angleErrorRad! < Math.PI,
};

interface Changes {
  readonly spec?: Partial<TaskSpec>;
  /** Changes a sound scene, whose state is given too. */
  readonly scene?: (scene: Scene, state: Float64Array) => Partial<Scene> | { readonly snapshot: unknown };
  readonly reward?: <T>(ops: Ops<T>, transition: Transition<T>) => T;
  readonly terminated?: <T>(ops: Ops<T>, observation: T) => T;
  /** Changes a sound scene into the one for learning, which there is otherwise not. */
  readonly learning?: (scene: Scene, state: Float64Array) => Partial<Scene>;
  readonly task?: Partial<Record<keyof Task, unknown>>;
}

function changedWheel(change: Changes["scene"]): Scene {
  const state = new Float64Array(2);
  const sound = wheelScene(state);
  return { ...sound, ...change?.(sound, state) } as Scene;
}

/** The sound task with some members replaced. */
export function pointTask({ spec, scene, reward, terminated, learning, task }: Changes = {}): Task {
  return {
    name: "light",
    spec: { ...SPEC, ...spec },
    createScene: () => changedWheel(scene),
    ...(learning && { createLearningScene: () => changedWheel(learning) }),
    reward:
      reward ?? ((ops, { nextObservation }) => ops.scale(ops.abs(ops.slice(nextObservation, 0, 1)), -1)),
    succeeded: ({ angleErrorRad }) => angleErrorRad! < 0.1,
    ...(terminated && { terminated }),
    ...task,
  } as Task;
}

export const pointSuite = (...tasks: Task[]): TaskSuite => ({ name: "point", description: "a wheel", tasks });

interface Breakage {
  readonly rule: string;
  readonly title: string;
  readonly suite: () => unknown;
  readonly got: RegExp;
}

let shared = 0;

const breaks = (rule: string, title: string, got: RegExp, suite: () => unknown): Breakage => ({
  rule,
  title,
  suite,
  got,
});
const withTask = (rule: string, title: string, got: RegExp, changes: Changes): Breakage =>
  breaks(rule, title, got, () => pointSuite(pointTask(changes)));

const suiteBreakages: readonly Breakage[] = [
  breaks("suite", "no default export", /undefined/, () => undefined),
  breaks("suite", "no description", /description undefined/, () => ({ name: "x", tasks: [pointTask()] })),
  breaks("suite", "settings of the oracle that are none", /oracle \[ 7 \]/, () => ({
    ...pointSuite(pointTask()),
    oracle: [7],
  })),
  breaks("suite", "no tasks", /tasks \[\]/, () => pointSuite()),
  breaks("suite", "a task that is none", /task 0 with the name undefined/, () => ({
    ...pointSuite(),
    tasks: [null],
  })),
  breaks("suite", "a task's name of two lines", /task 0 with the name "a\\+nb"/, () =>
    pointSuite(pointTask({ task: { name: "a\nb" } })),
  ),
  breaks("suite", "a description of two lines", /description "a\\+nb"/, () => ({
    ...pointSuite(pointTask()),
    description: "a\nb",
  })),
  breaks("suite", "two tasks of one name", /two tasks named light/, () =>
    pointSuite(pointTask(), pointTask()),
  ),
  breaks("same-layout", "an absolute channel in one task only", /heavy with .*\(absolute\)/, () => {
    const observation = SPEC.observation.map((channel) => ({ ...channel, absolute: true }));
    return pointSuite(pointTask(), pointTask({ spec: { observation }, task: { name: "heavy" } }));
  }),
  breaks("same-layout", "what moves in one task only", /heavy with .*tip \(moving, /, () => {
    const moving = [{ name: "tip", unit: "rad/s", weights: { velocity: 1 } }];
    return pointSuite(pointTask(), pointTask({ spec: { moving }, task: { name: "heavy" } }));
  }),
  breaks("same-layout", "an angle in one task only", /heavy with angle, velocity, torque/, () => {
    const observation = SPEC.observation.map(({ name, unit }) => ({ name, unit }));
    return pointSuite(pointTask(), pointTask({ spec: { observation }, task: { name: "heavy" } }));
  }),
];

/** A sound parameter. */
export const DAMPING: TaskParameter = {
  ...{ name: "damping", unit: "1/s", value: 0.1, low: 0.01, high: 1, scale: "log" },
};
const withDamping = (changes: Partial<Record<keyof TaskParameter, unknown>>): Changes => ({
  task: { parameters: [{ ...DAMPING, ...changes }] },
});

const parameterBreakages: readonly Breakage[] = [
  withTask("parameters", "no list", /task.parameters is 3/, { task: { parameters: 3 } }),
  withTask("parameters", "none in the list", /task.parameters is \[\]/, { task: { parameters: [] } }),
  withTask("parameters", "no object", /parameter 0 is null/, { task: { parameters: [null] } }),
  withTask("parameters", "no name", /parameter 0 with the name undefined/, withDamping({ name: undefined })),
  withTask("parameters", "no unit", /parameter 0 \(damping\) with the unit 7/, withDamping({ unit: 7 })),
  withTask("parameters", "another scale", /with the scale "cubic"/, withDamping({ scale: "cubic" })),
  withTask(
    "parameters",
    "a value that is none",
    /\(damping\) NaN between/,
    withDamping({ value: Number.NaN }),
  ),
  withTask(
    "parameters",
    "a value out of bounds",
    /\(damping\) 2 between 0.01 and 1/,
    withDamping({ value: 2 }),
  ),
  withTask("parameters", "bounds the wrong way round", /between 2 and 1/, withDamping({ low: 2 })),
  withTask("parameters", "a logarithm of nothing", /from 0 on a logarithmic scale/, withDamping({ low: 0 })),
  withTask("parameters", "a name twice", /two parameters named damping/, {
    task: { parameters: [DAMPING, DAMPING] },
  }),
  breaks("same-parameters", "parameters of one task only", /heavy with no parameters/, () =>
    pointSuite(pointTask({ task: { parameters: [DAMPING] } }), pointTask({ task: { name: "heavy" } })),
  ),
  breaks("same-parameters", "other bounds", /heavy with damping from 0.02 to 1 1\/s \(log\)/, () =>
    pointSuite(
      pointTask({ task: { parameters: [DAMPING] } }),
      pointTask({ task: { name: "heavy", parameters: [{ ...DAMPING, low: 0.02 }] } }),
    ),
  ),
];

const specBreakages: readonly Breakage[] = [
  withTask("interface", "no reward", /task.reward is undefined/, { task: { reward: undefined } }),
  withTask("interface", "no spec", /task.spec is null/, { task: { spec: null } }),
  withTask("interface", "a scene without snapshots", /scene.snapshot is 3/, {
    scene: () => ({ snapshot: 3 }),
  }),
  withTask("interface", "a scene that cannot be made", /the error "out of clay"/, {
    task: {
      createScene: () => {
        throw new Error("out of clay");
      },
    },
  }),
  withTask("channels", "bounds the wrong way round", /torque from 1 to -1/, {
    spec: { action: [{ name: "torque", unit: "N·m", low: 1, high: -1 }] },
  }),
  withTask("channels", "a name twice", /two observation channels named angle/, {
    spec: { observation: [SPEC.observation[0]!, SPEC.observation[0]!] },
  }),
  withTask("channels", "a name with a control character", /action channel 0 with the name "a\\+u001bb"/, {
    spec: { action: [{ name: "a\u001bb", unit: "N·m", low: -1, high: 1 }] },
  }),
  withTask("moving", "no list", /spec.moving is 7/, { spec: { moving: 7 as never } }),
  withTask("moving", "no weights", /moving quantity 0 \(tip\) with the weights undefined/, {
    spec: { moving: [{ name: "tip", unit: "rad/s" } as never] },
  }),
  withTask("moving", "an angle", /moving quantity 0 \(tip\) made of "angle"/, {
    spec: { moving: [{ name: "tip", unit: "rad", weights: { angle: 1 } }] },
  }),
  withTask("moving", "a weight that is none", /the weight NaN of velocity/, {
    spec: { moving: [{ name: "tip", unit: "rad/s", weights: { velocity: Number.NaN } }] },
  }),
  withTask("moving", "a name twice", /two moving quantities named tip/, {
    spec: { moving: [1, 2].map((weight) => ({ name: "tip", unit: "rad/s", weights: { velocity: weight } })) },
  }),
  withTask("timing", "half a step", /episodeSteps 60.5/, { spec: { episodeSteps: 60.5 } }),
  withTask("observation-length", "too few numbers", /out\[1\] unset or NaN/, {
    scene: (_, state) => ({ observe: (out) => out.fill(state[0]!, 0, 1) }),
  }),
  withTask("observation-length", "too many numbers", /writes out\[2\]/, {
    scene: (_, state) => ({ observe: (out) => out.fill(state[0]!, 0, 3) }),
  }),
];

/** A wheel that may turn so far, rad. */
export const withinTurn =
  (most: number) =>
  <T>(ops: Ops<T>, observation: T): T =>
    ops.sub(ops.abs(ops.slice(observation, 0, 1)), ops.constant([most]));

const endBreakages: readonly Breakage[] = [
  withTask("interface", "an end that is no function", /task.terminated is true/, {
    task: { terminated: true },
  }),
  withTask("terminated-start", "nothing", /terminated\(\) gives undefined/, {
    terminated: () => undefined as never,
  }),
  withTask("terminated", "two values", /2 features/, { terminated: (ops) => ops.constant([-1, -1]) }),
  withTask("terminated", "no number", /what terminated\(\) says is not finite; got NaN/, {
    terminated: (ops, observation) => ops.log(ops.scale(ops.abs(ops.slice(observation, 0, 1)), -1)),
  }),
  withTask("terminated", "an end that depends on when it is asked for", /for the observation at step 0/, {
    terminated: (ops, observation) => ops.sub(ops.slice(observation, 0, 1), ops.constant([9 + ++shared])),
  }),
  withTask("terminated", "an end that changes what it is given", /changes the observation at step 0/, {
    terminated: (ops, observation) => {
      if (observation instanceof Float64Array) observation[1]! += 1;
      return ops.constant([-1]);
    },
  }),
  withTask("terminated-start", "starts after which nothing can follow", /0\.\d+ at a start/, {
    terminated: withinTurn(0.6),
  }),
  withTask("graph-terminated", "an end that the planner sees otherwise", /environment .* graph .* at step/, {
    terminated: <T>(ops: Ops<T>, observation: T) =>
      ops.scale(
        ops.add(ops.slice(observation, 0, 1), ops.constant([-9])),
        observation instanceof Float64Array ? 1 : 2,
      ),
  }),
  withTask(
    "graph-terminated",
    "an end that does not look at the observation",
    /invalid dimensions.*Got: 61 Expected: 1/,
    {
      terminated: (ops) => ops.constant([-1]),
    },
  ),
];

const startBreakages: readonly Breakage[] = [
  breaks("learning-starts", "starts that do not vary", /1 different starts of 10/, () =>
    pointSuite(pointTask({ learning: (scene) => ({ reset: () => scene.reset(() => 0.3) }) })),
  ),
  breaks("learning-starts", "starts from elsewhere", /two starts for seed 0/, () =>
    pointSuite(pointTask({ learning: (_, state) => ({ reset: () => state.set([0.01 * ++shared, 0]) }) })),
  ),
  breaks("learning-starts", "other measures", /measures turns/, () =>
    pointSuite(pointTask({ learning: () => ({ measure: () => ({ turns: 0 }) }) })),
  ),
  breaks(
    "learning-starts",
    "another wheel than the task's",
    /step 1 differs between the scene for learning/,
    () =>
      pointSuite(
        pointTask({
          learning: (scene, state) => ({
            advance: (action) => {
              scene.advance(action);
              state[1]! *= 0.5;
            },
          }),
        }),
      ),
  ),
  breaks("learning-starts", "a start that is an end", /over before its first step/, () =>
    pointSuite(
      pointTask({
        terminated: withinTurn(1.2),
        learning: (_, state) => ({ reset: (random) => state.set([2 * random() + 1, 0]) }),
      }),
    ),
  ),
];

const episodeBreakages: readonly Breakage[] = [
  withTask("episode", "NaN in the middle of an episode", /velocity is not finite; got NaN(?!.*episodes)/, {
    scene: (scene, state) => ({
      advance: (action) => {
        scene.advance(action);
        if (Math.abs(state[1]!) > 0.5) state[1] = Number.NaN;
      },
    }),
  }),
  withTask("episode", "a state that never moves", /1 different observations/, {
    scene: () => ({ advance: () => {} }),
  }),
  withTask("continuous-angles", "an angle that is wrapped", /angle jumps by [56]\.\d+ rad/, {
    scene: (scene, state) => ({
      advance: (action) => {
        scene.advance(action);
        state[0]! -= 2 * Math.PI * Math.round(state[0]! / (2 * Math.PI));
      },
    }),
  }),
  withTask("measures", "a measure without a value", /ratio NaN/, {
    scene: () => ({ measure: () => ({ ratio: Number.NaN }) }),
  }),
  withTask("measures", "no verdict", /succeeded\(\) returns undefined/, { task: { succeeded: () => {} } }),
  withTask("reward", "two rewards", /2 features/, { reward: (_, { nextObservation }) => nextObservation }),
  withTask("reward", "a reward that depends on when it is asked for", /for one transition/, {
    reward: (ops, { nextObservation }) => ops.scale(ops.slice(nextObservation, 0, 1), ++shared),
  }),
  withTask("outcomes", "no list", /task\.outcomes is 3/, { task: { outcomes: 3 } }),
  withTask("outcomes", "a name that is taken", /outcome 0 with the name "success"/, {
    task: { outcomes: [{ ...SLOW, name: "success" }] },
  }),
  withTask("outcomes", "a name that is taken but for its capital", /outcome 0 with the name "Success"/, {
    task: { outcomes: [{ ...SLOW, name: "Success" }] },
  }),
  withTask("outcomes", "an outcome that is none", /outcome 1 is null/, { task: { outcomes: [SLOW, null] } }),
  withTask("outcomes", "a gap", /outcome 0 is undefined/, {
    // biome-ignore lint/suspicious/noSparseArray: what is tried
    task: { outcomes: [, SLOW] },
  }),
  withTask("outcomes", "changed measures", /measures \{"angleErrorRad":0\} after asking for outcomes/, {
    task: {
      outcomes: [
        { ...SLOW, holds: (measures: object) => Object.assign(measures, { angleErrorRad: 0 }) === measures },
      ],
    },
  }),
  withTask("outcomes", "chance", /\{"slow":(true|false)\} and \{"slow":(true|false)\} for the same/, {
    task: { outcomes: [{ ...SLOW, holds: () => ++shared % 2 === 0 }] },
  }),
  withTask("outcomes", "a name twice", /two outcomes named slow/, { task: { outcomes: [SLOW, SLOW] } }),
  withTask("outcomes", "no description", /outcome slow with the description undefined/, {
    task: { outcomes: [{ ...SLOW, description: undefined }] },
  }),
  withTask("outcomes", "no function", /outcome slow with holds true/, {
    task: { outcomes: [{ ...SLOW, holds: true }] },
  }),
  withTask("outcomes", "a number", /holds\(\) of outcome slow returns 1/, {
    task: { outcomes: [{ ...SLOW, holds: () => 1 }] },
  }),
  withTask("graph-reward", "a reward that the planner sees otherwise", /environment .* graph .* at step 1/, {
    reward: <T>(ops: Ops<T>, { nextObservation }: Transition<T>) =>
      ops.scale(ops.slice(nextObservation, 0, 1), nextObservation instanceof Float64Array ? 1 : 2),
  }),
  withTask("graph-reward", "a reward that reads numbers itself", /the error/, {
    reward: <T>(_: Ops<T>, { nextObservation }: Transition<T>) =>
      foreign<T>(Float64Array.of(foreign<Float64Array>(nextObservation)[0]!)),
  }),
  withTask("landmarks", "a point without a height", /\[\[0,0\]\] in observation 1/, {
    task: { landmarks: { names: ["rim"], locate: (all: unknown[]) => all.map(() => [[0, 0]]) } },
  }),
  withTask("landmarks", "a name twice", /names rim,rim/, {
    task: { landmarks: { names: ["rim", "rim"], locate: () => [] } },
  }),
  withTask("bodies", "a quaternion that is none", /wheel at 0,0,0; 0,0,0,2/, {
    scene: () => ({ bodyPose: () => ({ position: [0, 0, 0], rotation: [0, 0, 0, 2] }) }),
  }),
  withTask("bodies", "nothing that moves", /no body moves/, {
    scene: () => ({ bodyPose: () => ({ position: [0, 0, 0], rotation: [0, 0, 0, 1] }) }),
  }),
];

const stateBreakages: readonly Breakage[] = [
  withTask("deterministic", "noise from elsewhere", /step 1 differs between two environments/, {
    scene: (scene, state) => ({
      advance: (action) => {
        scene.advance(action);
        state[1]! += 1e-9 * ++shared;
      },
    }),
  }),
  withTask("deterministic", "starts from elsewhere", /starts \S+ and \S+/, {
    scene: (_, state) => ({ reset: () => state.set([0.01 * ++shared, 0]) }),
  }),
  withTask("isolated", "steps counted for all scenes together", /another environment steps in between/, {
    scene: (scene, state) => ({
      reset: (random) => {
        shared = 0;
        scene.reset(random);
      },
      advance: (action) => {
        scene.advance(action);
        if (++shared % 25 === 3) state[1]! += 0.01;
      },
    }),
  }),
  withTask("reset", "a velocity that outlives the episode", /after an episode|after an earlier episode/, {
    scene: (_, state) => ({
      reset: (random) => {
        state[0] = random();
      },
    }),
  }),
  withTask("snapshot", "a snapshot without the velocity", /differs after restoring the scene's own/, {
    scene: (_, state) => ({
      snapshot: () =>
        encodeSnapshot("wheel", { extra: Float64Array.of(state[0]!), world: new Uint8Array(0) }),
    }),
  }),
  withTask("damaged-snapshot", "any bytes taken", /an empty snapshot is restored/, {
    scene: (scene) => ({
      restore: (bytes) => {
        if (bytes.length > 0) scene.restore(bytes);
      },
    }),
  }),
  withTask("close", "an error at the second close", /the error "already closed"/, {
    scene: () => {
      let open = true;
      return {
        close: () => {
          if (!open) throw new Error("already closed");
          open = false;
        },
      };
    },
  }),
];

/** Channels of a sound task, and others that say the same. */
const MANY: TaskSpec["observation"] = Array.from({ length: 1030 }, (_, i) => ({
  name: `copy${i}`,
  unit: "rad",
}));

const recordingBreakages: readonly Breakage[] = [
  withTask("recordings", "more channels than are read", /^1,032 observation, action and measure channels$/, {
    spec: { observation: MANY },
    scene: (_, state) => ({ observe: (out) => out.fill(state[0]!, 0, MANY.length) }),
  }),
  withTask("recordings", "more steps than are read", /^600,004 messages$/, {
    spec: { observation: MANY.slice(0, 2), episodeSteps: 300_000 },
  }),
  withTask("recordings", "a name longer than is read", /^201 characters in one name$/, {
    task: { name: "a".repeat(201) },
  }),
  breaks("suite", "a name longer than is read of one", /^201 characters in one name$/, () => ({
    ...pointSuite(pointTask()),
    name: "a".repeat(201),
  })),
];

/** One suite for every way to break a rule; `reset` clears what some of them share between scenes. */
export const breakages = {
  list: [
    ...suiteBreakages,
    ...specBreakages,
    ...parameterBreakages,
    ...endBreakages,
    ...startBreakages,
    ...episodeBreakages,
    ...stateBreakages,
    ...recordingBreakages,
  ],
  reset: () => {
    shared = 0;
  },
};
