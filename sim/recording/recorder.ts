import { createHash } from "node:crypto";
import { RunError } from "../core/errors.js";
import { writeFileSafely } from "../core/files.js";
import type { Environment, StepResult } from "../environment.js";
import { type Belief, BeliefCodec } from "./belief-messages.js";
import type { EpisodeHeader, EpisodeTotals, Forecast } from "./episode.js";
import { frameTransforms, sceneUpdate } from "./foxglove.js";
import { buildMcap, type McapChannel, type McapMessage } from "./mcap.js";
import { toMetadata } from "./metadata.js";
import { PlanCodec, plannedPaths, predictedRows } from "./plan-messages.js";
import { encodePoses, encodeScene } from "./scene-messages.js";
import { StepCodec } from "./step-messages.js";
import { encodeTaskPlans, type TaskForecast, taskPaths } from "./task-plan-messages.js";
import type { TaskSwitch } from "./task-switch.js";

/** Steps between two state hashes. */
export const HASH_EVERY = 10;
export const SNAPSHOT_NAME = "initial-snapshot";
export const METADATA_NAME = "episode";
/** Poses that never change have a topic of their own: a viewer that seeks asks each topic for its last message. */
export const TOPICS = {
  scene: "/scene",
  poses: "/tf",
  fixedPoses: "/tf_static",
  reset: "/reset",
  step: "/step",
  plan: "/plan",
  prediction: "/prediction",
  belief: "/belief",
  taskPlans: "/task_plans",
} as const;

/** SHA-256 of a snapshot, hex. */
export function stateHash(snapshot: Uint8Array): string {
  return createHash("sha256").update(snapshot).digest("hex");
}

/**
 * Records one episode in memory and writes it as an MCAP file of Foxglove messages, which opens in Foxglove,
 * Lichtblick and Rerun. Log times are simulated times; equal episodes give equal bytes.
 */
export class EpisodeRecorder {
  #environment: Environment;
  readonly #header: EpisodeHeader;
  readonly #measures: readonly string[];
  readonly #codec: StepCodec;
  /** Made with the first plan: an episode without plans has no topics of theirs. */
  #plans: PlanCodec | undefined;
  /** Made with the first belief, likewise. */
  #beliefs: BeliefCodec | undefined;
  #hasTaskPlans = false;
  readonly #switches: TaskSwitch[] = [];
  readonly #snapshot: Uint8Array;
  readonly #moving: readonly number[];
  readonly #messages: McapMessage[] = [];
  #totals: EpisodeTotals;

  /**
   * Captures the state after `environment.reset(header.seed)`.
   * @throws RunError when steps have been made already.
   */
  constructor(environment: Environment, header: EpisodeHeader) {
    this.#environment = environment;
    this.#header = header;
    this.#expectStep(0, "An episode recorder must start right after reset()");
    const { scene, task } = environment;
    this.#snapshot = scene.snapshot().slice();
    const indices = scene.bodies.map((_, i) => i);
    this.#moving = indices.filter((i) => !scene.bodies[i]!.fixed);
    const fixed = indices.filter((i) => scene.bodies[i]!.fixed);
    const measures = scene.measure();
    this.#measures = Object.keys(measures);
    this.#codec = new StepCodec(task.spec, this.#measures);
    this.#totals = { steps: 0, return: 0, success: task.succeeded(measures) };
    const start = { observation: environment.observation, measures, stateHash: stateHash(this.#snapshot) };
    this.#add(TOPICS.scene, encodeScene(scene.bodies));
    this.#add(TOPICS.fixedPoses, encodePoses(scene, fixed, 0n));
    this.#add(TOPICS.poses, encodePoses(scene, this.#moving, 0n));
    this.#add(TOPICS.reset, this.#codec.encodeStart(start));
  }

  /** Totals of the steps recorded so far. */
  get totals(): EpisodeTotals {
    return this.#totals;
  }

  /**
   * Records a step just made. `action` is `[U]` as given to `environment.step`, which applies it as float32.
   * @throws RunError when a step was left out or recorded twice.
   */
  record(action: ArrayLike<number>, result: StepResult): void {
    const steps = this.#totals.steps + 1;
    this.#expectStep(steps, "record() must be called once after every environment.step()");
    const { scene, task } = this.#environment;
    const measures = scene.measure();
    const returnSoFar = this.#totals.return + result.reward;
    const hashed = steps % HASH_EVERY === 0 || this.#environment.over;
    this.#totals = {
      steps,
      return: returnSoFar,
      success: task.succeeded(measures),
      ...(result.terminated && { terminated: true }),
    };
    const step = {
      ...result,
      action: Float32Array.from(action),
      returnSoFar,
      measures,
      stateHash: hashed ? stateHash(scene.snapshot()) : undefined,
    };
    this.#add(TOPICS.poses, encodePoses(scene, this.#moving, this.#time()));
    this.#add(TOPICS.step, this.#codec.encodeStep(step, steps));
  }

  /**
   * Goes on with an environment that has taken over from the one until now. The scene is recorded again as it looks from now on.
   * @param taskIndex index of its task in the suite
   * @throws RunError when it is at another step
   */
  switchTo(environment: Environment, taskIndex: number): void {
    this.#environment = environment;
    const { steps } = this.#totals;
    this.#expectStep(
      steps,
      "switchTo() must be called between two steps, with an environment that has taken over",
    );
    const { scene, task } = environment;
    this.#switches.push({ steps, task: task.name, taskIndex });
    this.#totals = { ...this.#totals, success: task.succeeded(scene.measure()) };
    this.#add(TOPICS.scene, encodeScene(scene.bodies, this.#time()));
  }

  /**
   * Records the plan by which the next step will be made.
   * @throws RunError when that step has been made already
   */
  recordPlan(forecast: Forecast): void {
    const { steps } = this.#totals;
    this.#expectStep(steps, "recordPlan() must be called before environment.step()");
    const { scene, task, observation } = this.#environment;
    this.#plans ??= new PlanCodec(task.spec);
    const paths = plannedPaths(task, scene, observation, forecast);
    const expected = predictedRows(forecast.chosen, task).flatMap((row) => [...row]);
    this.#add(TOPICS.plan, this.#plans.encodePaths(paths, this.#time()));
    this.#add(TOPICS.prediction, this.#plans.encodePrediction(steps + 1, Float32Array.from(expected)));
  }

  /**
   * Records the belief that the next step will be planned with.
   * @throws RunError when that step has been made already
   */
  recordBelief(belief: Belief): void {
    const { steps } = this.#totals;
    this.#expectStep(steps, "recordBelief() must be called before environment.step()");
    this.#beliefs ??= new BeliefCodec(belief.tasks);
    this.#add(TOPICS.belief, this.#beliefs.encode(steps + 1, belief));
  }

  /**
   * Records where the plan of the next step leads by the model of each task that comes into question; of the first step on, or never.
   * @param forecasts none where one task is planned for alone
   * @throws RunError when that step has been made already
   */
  recordTaskPlans(forecasts: readonly TaskForecast[]): void {
    this.#expectStep(this.#totals.steps, "recordTaskPlans() must be called before environment.step()");
    const { scene, task, observation } = this.#environment;
    this.#hasTaskPlans = true;
    const paths = taskPaths(task, scene, observation, forecasts);
    const indices = new Map(forecasts.map(({ task: name, index }) => [name, index]));
    this.#add(TOPICS.taskPlans, encodeTaskPlans(paths, indices, this.#time()));
  }

  /**
   * The whole file, so far.
   * @param learned what is known of a learning episode only once its steps are made
   */
  async bytes(learned: Pick<EpisodeHeader, "randomSteps" | "believed"> = {}): Promise<Uint8Array> {
    const switches = this.#switches;
    const header = { ...this.#header, ...learned, ...(switches.length > 0 && { switches }) };
    const schemas = this.#codec.schemas();
    const { spec } = this.#environment.task;
    const json = (topic: string, schemaName: string, text: string): McapChannel => ({
      topic,
      schemaName,
      encoding: "json",
      schema: new TextEncoder().encode(text),
    });
    const protobuf = (topic: string, { name, schema }: typeof sceneUpdate): McapChannel => ({
      topic,
      schemaName: name,
      encoding: "protobuf",
      schema,
    });
    const channels = [
      protobuf(TOPICS.scene, sceneUpdate),
      protobuf(TOPICS.fixedPoses, frameTransforms),
      protobuf(TOPICS.poses, frameTransforms),
      json(TOPICS.reset, "hypercrl.Reset", schemas.reset),
      json(TOPICS.step, "hypercrl.Step", schemas.step),
      ...(this.#plans === undefined
        ? []
        : [
            protobuf(TOPICS.plan, sceneUpdate),
            json(TOPICS.prediction, "hypercrl.Prediction", this.#plans.schema()),
          ]),
      ...(this.#beliefs === undefined
        ? []
        : [json(TOPICS.belief, "hypercrl.Belief", this.#beliefs.schema())]),
      ...(this.#hasTaskPlans ? [protobuf(TOPICS.taskPlans, sceneUpdate)] : []),
    ];
    return buildMcap(`hypercrl ${this.#header.versions.hypercrl}`, channels, this.#messages, {
      attachments: new Map([[SNAPSHOT_NAME, this.#snapshot]]),
      metadata: new Map([[METADATA_NAME, toMetadata(header, spec, this.#measures, this.#totals)]]),
    });
  }

  /**
   * Writes the episode: the file at `path` is a whole one or is not there.
   * @param learned see `bytes`
   * @throws InputError when there can be no such file, RunError when the disk is full
   */
  async finish(
    path: string,
    learned?: Pick<EpisodeHeader, "randomSteps" | "believed">,
  ): Promise<EpisodeTotals> {
    writeFileSafely(path, await this.bytes(learned));
    return this.#totals;
  }

  #time(): bigint {
    return BigInt(Math.round(this.#totals.steps * this.#environment.task.spec.controlPeriod * 1e9));
  }

  #add(topic: string, data: Uint8Array): void {
    this.#messages.push({ topic, time: this.#time(), data });
  }

  #expectStep(expected: number, what: string): void {
    const got = this.#environment.stepsDone;
    if (got === expected) return;
    throw new RunError({ what, got: `${got} steps done`, expected: `${expected}` });
  }
}
