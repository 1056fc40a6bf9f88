import { frameTransforms, sceneUpdate } from "../../../sim/recording/foxglove.js";
import { buildMcap, type McapMessage } from "../../../sim/recording/mcap.js";
import { METADATA_NAME, SNAPSHOT_NAME, TOPICS } from "../../../sim/recording/recorder.js";

/** What a made-up recording holds; what is left out is small and valid. */
export interface Contents {
  readonly steps?: number;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly scene?: Uint8Array;
  readonly fixedPoses?: Uint8Array;
  readonly poses?: Uint8Array;
  /** Of a state, 0 the start. */
  readonly measures?: (state: number) => object;
  /** Paths and prediction of a step, 1 the first. */
  readonly plan?: (step: number) => readonly [Uint8Array, Uint8Array];
  /** Probabilities by task, and paths by task, of a step. */
  readonly belief?: (step: number) => readonly [object, Uint8Array];
}

const TOPIC_NAMES = Object.values(TOPICS);
const JSON_TOPICS: readonly string[] = [TOPICS.reset, TOPICS.step, TOPICS.prediction, TOPICS.belief];

const METADATA = {
  formatVersion: "1",
  suite: "toy",
  task: "point",
  taskIndex: "0",
  phase: "evaluate",
  afterTask: "0",
  seed: "1",
  settingsHash: "a",
  versionHypercrl: "0",
  versionPhysics: "toy",
  controlPeriod: "0.05",
  observation: JSON.stringify([{ name: "x", unit: "m" }]),
  action: JSON.stringify([{ name: "u", unit: "N" }]),
  return: "0",
  success: "false",
};

/** Poses of bodies at the origin. */
export function posesOf(names: readonly string[]): Uint8Array {
  const origin = { translation: { x: 0, y: 0, z: 0 }, rotation: { x: 0, y: 0, z: 0, w: 1 } };
  const transforms = names.map((name) => ({ child_frame_id: name, ...origin }));
  return frameTransforms.type.encode({ transforms }).finish();
}

/** Names of bodies. */
export function bodyNames(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `b${i.toString(36)}`);
}

/** A plan's message with lines of points at the origin. */
export function pathsOf(lines: number, points: number): Uint8Array {
  const line = { points: Array.from({ length: points }, () => ({})) };
  const entities = [{ id: "plan/tip", lines: Array.from({ length: lines }, () => line) }];
  return sceneUpdate.type.encode({ entities }).finish();
}

/** Paths of so many points at the origin by the models of so many tasks. */
export function taskPathsOf(tasks: number, points: number): Uint8Array {
  const line = { points: Array.from({ length: points }, () => ({})) };
  const entities = Array.from({ length: tasks }, (_, k) => ({
    metadata: [
      { key: "task", value: `t${k}` },
      { key: "landmark", value: "tip" },
    ],
    lines: [line],
  }));
  return sceneUpdate.type.encode({ entities }).finish();
}

/** A prediction over some steps. */
export function predictionOf(step: number, horizon: number): Uint8Array {
  return json({ step, observation: { x: Array.from({ length: horizon }, () => 0) } });
}

function json(value: object): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}

/** The bytes of a recording that is well-formed whatever it holds. */
export async function madeUp(contents: Contents = {}): Promise<Buffer> {
  const { steps = 1, metadata = {}, plan, belief, measures = () => ({}) } = contents;
  const empty = new Uint8Array();
  const { scene = empty, fixedPoses = empty, poses = posesOf(["b"]) } = contents;
  const messages: McapMessage[] = [];
  const add = (topic: string, data: Uint8Array) => messages.push({ topic, data, time: 0n });
  const observation = { x: 0 };
  add(TOPICS.scene, scene);
  add(TOPICS.fixedPoses, fixedPoses);
  add(TOPICS.poses, poses);
  add(TOPICS.reset, json({ observation, measures: measures(0), stateHash: "0".repeat(64) }));
  for (let step = 1; step <= steps; step++) {
    const [paths, prediction] = plan?.(step) ?? [];
    if (paths !== undefined) add(TOPICS.plan, paths);
    if (prediction !== undefined) add(TOPICS.prediction, prediction);
    const [probabilities, taskPlans] = belief?.(step) ?? [];
    if (probabilities !== undefined) add(TOPICS.belief, json({ step, probabilities }));
    if (taskPlans !== undefined) add(TOPICS.taskPlans, taskPlans);
    add(TOPICS.poses, poses);
    const numbers = { reward: 0, return: 0, action: { u: 0 }, observation, measures: measures(step) };
    add(TOPICS.step, json({ step, terminated: false, truncated: step === steps, ...numbers }));
  }
  const channels = TOPIC_NAMES.map((topic) => ({
    topic,
    schemaName: topic,
    encoding: JSON_TOPICS.includes(topic) ? ("json" as const) : ("protobuf" as const),
    schema: empty,
  }));
  const fields = new Map(Object.entries({ ...METADATA, steps: String(steps), ...metadata }));
  const bytes = await buildMcap("toy", channels, messages, {
    attachments: new Map([[SNAPSHOT_NAME, new Uint8Array(8)]]),
    metadata: new Map([[METADATA_NAME, fields]]),
  });
  return Buffer.from(bytes);
}
