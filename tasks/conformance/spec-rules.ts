import { inWords } from "../../sim/core/in-words.js";
import { Rng } from "../../sim/core/rng.js";
import { isLine } from "../../sim/core/shown.js";
import type { Channel, Task } from "../../sim/task.js";
import { parameterFault } from "../../sim/task-parameters.js";
import { type ConformanceRule, ensure, Violation, withEnvironments } from "./support.js";

/** Names of the functions of a task and of its scenes. */
const TASK_FUNCTIONS = ["createScene", "reward", "succeeded"] as const;
const OPTIONAL_FUNCTIONS = ["terminated", "createLearningScene"] as const;
const SCENE_FUNCTIONS = [
  ...["reset", "advance", "observe", "measure", "bodyPose", "snapshot", "restore", "close"],
];

/** @throws Violation unless the members of a value are functions */
function ensureFunctions(value: object, names: readonly string[], what: string): void {
  for (const name of names) {
    const member: unknown = Reflect.get(value, name);
    ensure(typeof member === "function", `${what}.${name} is ${inWords(member)}`, "a function");
  }
}

function checkInterface(task: Task): void {
  ensureFunctions(task, TASK_FUNCTIONS, "task");
  for (const name of OPTIONAL_FUNCTIONS) {
    const member: unknown = Reflect.get(task, name);
    const fits = member === undefined || typeof member === "function";
    ensure(fits, `task.${name} is ${inWords(member)}`, "a function, or nothing");
  }
  const spec: unknown = task.spec;
  ensure(typeof spec === "object" && spec !== null, `task.spec is ${inWords(spec)}`, "an object");
  for (const name of ["observation", "action"] as const) {
    const channels: unknown = task.spec[name];
    ensure(Array.isArray(channels), `spec.${name} is ${inWords(channels)}`, "an array of channels");
  }
  withEnvironments(task, 1, ({ scene }) => {
    ensureFunctions(scene, SCENE_FUNCTIONS, "scene");
    ensure(Array.isArray(scene.bodies), `scene.bodies is ${inWords(scene.bodies)}`, "an array of bodies");
  });
}

function checkChannels({ spec: { observation, action } }: Task): void {
  for (const [kind, channels] of Object.entries({ observation, action })) {
    ensure(channels.length > 0, `no ${kind} channel`, "at least one");
    (channels as readonly Channel[]).forEach(({ name, unit }, i) => {
      const where = `${kind} channel ${i}`;
      ensure(isLine(name), `${where} with the name ${inWords(name)}`, "text of one line");
      ensure(isLine(unit), `${where} (${name}) with the unit ${inWords(unit)}`, "m, rad, 1, …");
      const twice = channels.findIndex((c) => c.name === name) !== i;
      ensure(!twice, `two ${kind} channels named ${name}`, "unique names");
    });
  }
  for (const { name, low, high } of action) {
    const ordered = Number.isFinite(low) && Number.isFinite(high) && low < high;
    ensure(ordered, `action ${name} from ${low} to ${high}`, "finite bounds with low < high");
  }
}

function checkMoving({ spec: { observation, moving = [] } }: Task): void {
  ensure(Array.isArray(moving), `spec.moving is ${inWords(moving)}`, "a list of quantities, or nothing");
  const plain = observation.filter(({ angle, quaternion }) => !angle && !quaternion).map(({ name }) => name);
  moving.forEach(({ name, unit, weights }, i) => {
    const where = `moving quantity ${i}`;
    ensure(isLine(name), `${where} with the name ${inWords(name)}`, "text of one line");
    ensure(isLine(unit), `${where} (${name}) with the unit ${inWords(unit)}`, "m, rad, 1, …");
    const twice = moving.findIndex((one) => one.name === name) !== i;
    ensure(!twice, `two moving quantities named ${name}`, "unique names");
    const isObject = typeof weights === "object" && weights !== null && Object.keys(weights).length > 0;
    ensure(
      isObject,
      `${where} (${name}) with the weights ${inWords(weights)}`,
      "a weight for each of some channels",
    );
    for (const [channel, weight] of Object.entries(weights)) {
      const known = plain.includes(channel);
      ensure(
        known,
        `${where} (${name}) made of ${inWords(channel)}`,
        `channels that are no angles: ${plain.join(", ")}`,
      );
      const finite = typeof weight === "number" && Number.isFinite(weight);
      ensure(
        finite,
        `${where} (${name}) with the weight ${inWords(weight)} of ${channel}`,
        "a finite number",
      );
    }
  });
}

function checkParameters(task: Task): void {
  const fault = parameterFault(task);
  if (fault !== undefined) throw new Violation(fault.got, fault.expected);
}

function checkTiming({ spec: { episodeSteps, controlPeriod } }: Task): void {
  const whole = Number.isInteger(episodeSteps) && episodeSteps >= 2;
  ensure(whole, `episodeSteps ${episodeSteps}`, "a whole number from 2");
  const positive = Number.isFinite(controlPeriod) && controlPeriod > 0;
  ensure(positive, `controlPeriod ${controlPeriod}`, "a positive number of seconds");
}

function checkObservationLength(task: Task): void {
  const size = task.spec.observation.length;
  withEnvironments(task, 1, (environment) => {
    const rng = Rng.fromSeed(1);
    environment.scene.reset(() => rng.uniform());
    const written = new Float32Array(size + 1).fill(Number.NaN);
    environment.scene.observe(written);
    const missing = task.spec.observation.findIndex((_, i) => Number.isNaN(written[i]));
    ensure(missing < 0, `observe() leaves out[${missing}] unset or NaN`, `${size} finite numbers`);
    ensure(Number.isNaN(written[size]), `observe() writes out[${size}]`, `${size} numbers`);
  });
}

export const specRules: readonly ConformanceRule[] = [
  { name: "interface", expected: "a task with every member of Task and Scene", check: checkInterface },
  { name: "channels", expected: "named channels with units and bounds", check: checkChannels },
  { name: "moving", expected: "quantities that are weighted sums of channels", check: checkMoving },
  {
    name: "parameters",
    expected: "where a task has them: named quantities with units, bounds and a scale",
    check: checkParameters,
  },
  { name: "timing", expected: "an episode length and a control period", check: checkTiming },
  {
    name: "observation-length",
    expected: "observe() writes as many numbers as spec.observation has channels",
    check: checkObservationLength,
  },
];
