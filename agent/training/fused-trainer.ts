import type { Rng } from "../../sim/core/rng.js";
import { Session } from "../graph/session.js";
import { addSums, dot, gradientSquares } from "../kernel/sums.js";
import { fillKernelConstants } from "../model/adam.js";
import { ParameterGroup, type SavedArrays } from "../model/parameters.js";
import { lookAheadGraph, taskGraph, updateGraph } from "./fused-graphs.js";
import { createExchange, type Exchange, type StepTensors, stepTensors } from "./fused-step.js";
import { FusedTheta } from "./fused-theta.js";
import type {
  EarlierTasks,
  HypernetworkTrainer,
  TrainerOptions,
  TrainingCall,
} from "./hypernetwork-trainer.js";

/** The graphs of one task's minibatches. */
interface Sessions {
  readonly task: Session;
  readonly lookAhead: Session | undefined;
  readonly update: Session;
}

/**
 * Minibatch steps with the fused kernel for the head, which holds nearly all of Θ: its gradient is never stored, and
 * a step passes over its memory three times. Hidden layers, embedding and task loss are small ONNX graphs that read
 * and write the kernel's memory.
 */
export class FusedTrainer implements HypernetworkTrainer {
  readonly #options: TrainerOptions;
  readonly #theta: FusedTheta;
  readonly #embedding: ParameterGroup;
  #earlier: EarlierTasks = { embeddings: [], targets: [], regularized: 0 };
  #exchange: Exchange;
  #sessions: Sessions | undefined;

  /** @param threads that share the head's passes */
  constructor(options: TrainerOptions, threads: number) {
    const { shape } = options;
    this.#options = options;
    this.#theta = new FusedTheta(shape, threads);
    this.#embedding = new ParameterGroup([{ name: "embedding", shape: [1, shape.embedding], bound: 0 }]);
    this.#exchange = createExchange(this.#theta.head, shape.embedding);
  }

  initialize(rng: Rng): void {
    this.#theta.initialize(rng);
  }

  scaleColumns(scales: Float32Array): void {
    this.#theta.scaleColumns(scales);
  }

  generate(e: Float32Array): Promise<Float32Array> {
    return this.#theta.generate(e);
  }

  newTask(e: Float32Array): void {
    this.#theta.clearMoments();
    this.#embedding.values(0).set(e);
    this.#embedding.clearMoments();
  }

  async prepare(earlier: EarlierTasks): Promise<void> {
    const { shape, clipNorm } = this.#options;
    const R = earlier.regularized;
    this.#earlier = earlier;
    this.#theta.reshape({ earlier: earlier.targets.length, embeddings: 1, regularized: R });
    const { arrays, padded } = this.#theta.head;
    earlier.targets.forEach((target, j) => {
      arrays.targets.set(target, j * padded);
    });
    this.#exchange = createExchange(this.#theta.head, shape.embedding);
    await this.#releaseSessions();
    const { layers } = this.#theta;
    this.#sessions = {
      task: await Session.create(taskGraph(this.#options)),
      lookAhead: R === 0 ? undefined : await Session.create(lookAheadGraph(layers, R)),
      update: await Session.create(updateGraph(layers, this.#embedding, clipNorm, R)),
    };
  }

  async train(call: TrainingCall): Promise<void> {
    const { head, hidden } = this.#theta;
    const arrays = { head, hidden: hidden.group, embedding: this.#embedding };
    const steps = stepTensors({ ...arrays, exchange: this.#exchange }, call);
    await this.#theta.forward(this.#embedding.values(0), 1);
    head.send("generated");
    for (let i = 0; i < call.trips; i++) {
      if (!(await this.#step(call, i, steps[i % 2]))) return;
      hidden.group.swap();
      this.#embedding.swap();
    }
  }

  embedding(): Float32Array {
    return this.#embedding.values(0).slice();
  }

  entries(): { name: string; shape: readonly number[]; data: Float32Array }[] {
    return [...this.#theta.entries().flat(), ...this.#embedding.entries()];
  }

  restore(saved: SavedArrays): void {
    this.#theta.restore(saved);
    this.#embedding.restore(saved, "");
  }

  async release(): Promise<void> {
    await this.#releaseSessions();
    await this.#theta.release();
  }

  /** @returns false, with nothing changed, when a loss is not finite */
  async #step(call: TrainingCall, i: number, step: StepTensors): Promise<boolean> {
    const { head } = this.#theta;
    const { task, lookAhead, update } = this.#sessions!;
    const exchange = this.#exchange;
    exchange.iteration[0] = BigInt(i);
    fillKernelConstants(head.arrays.adam, call.thetaScalars[2 * i], call.thetaScalars[2 * i + 1]);
    await task.run(...step.task);
    head.receive("d");
    await this.#theta.pass("backward");
    addSums(head, exchange.dh, 1);
    call.taskLosses[i] = exchange.loss[0];
    const R = this.#earlier.regularized;
    if (lookAhead !== undefined) {
      this.#pick(call.picks.subarray(i * R, (i + 1) * R));
      await lookAhead.run(...step.lookAhead);
      head.receive("ahead");
      await this.#theta.pass("lookAhead");
      addSums(head, exchange.dhAhead, R);
    }
    call.regularizers[i] = this.#measureGradient();
    if (!Number.isFinite(call.taskLosses[i]) || !Number.isFinite(call.regularizers[i])) return false;
    await update.run(...step.update);
    head.receive("h", "scaled");
    await this.#theta.pass("update");
    head.send("generated");
    return true;
  }

  /** Sets the regularised tasks of a minibatch. */
  #pick(tasks: Int32Array): void {
    const { embedding } = this.#options.shape;
    const { beta, batchSize } = this.#options;
    const { head } = this.#theta;
    head.setPicks(tasks);
    tasks.forEach((task, j) => {
      this.#exchange.earlier.set(this.#earlier.embeddings[task], j * embedding);
    });
    head.arrays.adam[6] = (2 * beta * batchSize) / tasks.length;
  }

  /** Hands the update the sum of squares of the head's gradient, and returns the regulariser. */
  #measureGradient(): number {
    const { squares, taskSquares } = this.#exchange;
    const { head } = this.#theta;
    const { h, adam } = head.arrays;
    if (this.#earlier.regularized === 0) {
      squares[0] = dot(h, h) * taskSquares[0];
      return 0;
    }
    const { all, drifts } = gradientSquares(head);
    squares[0] = all;
    // The d of a drift is 2 β B / R times it, and the regulariser β B / R times its square.
    return this.#options.beta === 0 ? 0 : drifts / (2 * adam[6]);
  }

  async #releaseSessions(): Promise<void> {
    await this.#sessions?.task.release();
    await this.#sessions?.lookAhead?.release();
    await this.#sessions?.update.release();
  }
}
