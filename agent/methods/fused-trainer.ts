import type { Rng } from "../../sim/core/rng.js";
import { fillKernelConstants } from "../adam.js";
import { weightCount } from "../dynamics.js";
import { alignedArray, Session, tensor } from "../graph/session.js";
import { hypernetworkParameters } from "../hypernetwork.js";
import { CHUNKS, growHeadMemory, Head, type HeadPass, type HeadShape, headMemory } from "../kernel/head.js";
import { clearMoments, headEntries, initializeHead, restoreHead, scaleColumns } from "../kernel/store.js";
import { addSums, dot, gradientSquares } from "../kernel/sums.js";
import { HeadThreads, worthSharing } from "../parallel/head-threads.js";
import { ParameterGroup, type ParameterSpec, type SavedArrays } from "../parameters.js";
import {
  type HiddenLayers,
  hiddenGraph,
  hiddenSize,
  lookAheadGraph,
  taskGraph,
  updateGraph,
} from "./fused-graphs.js";
import { createExchange, type Exchange, type StepTensors, stepTensors } from "./fused-step.js";
import { HiddenRow } from "./hidden-row.js";
import type {
  EarlierTasks,
  HypernetworkTrainer,
  TrainerOptions,
  TrainingCall,
} from "./hypernetwork-trainer.js";

const THETA = "hypernetwork.";

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
  readonly #hidden: HiddenRow;
  readonly #embedding: ParameterGroup;
  readonly #headSpecs: readonly ParameterSpec[];
  readonly #threads: HeadThreads | undefined;
  readonly #memory: WebAssembly.Memory;
  #head: Head;
  #earlier: EarlierTasks = { embeddings: [], targets: [], regularized: 0 };
  #exchange: Exchange;
  #sessions: Sessions | undefined;
  #generator: Session | undefined;

  /** @param threads that share the head's passes */
  constructor(options: TrainerOptions, threads: number) {
    const { shape } = options;
    this.#options = options;
    this.#threads = threads > 1 && worthSharing(this.#headShape) ? new HeadThreads(threads) : undefined;
    this.#hidden = new HiddenRow(shape);
    this.#headSpecs = hypernetworkParameters(shape).filter(({ name }) => name.startsWith("head."));
    this.#embedding = new ParameterGroup([{ name: "embedding", shape: [1, shape.embedding], bound: 0 }]);
    this.#memory = headMemory(this.#headShape, this.#threads !== undefined);
    this.#head = this.#newHead();
    this.#exchange = createExchange(this.#head, shape.embedding);
  }

  initialize(rng: Rng): void {
    this.#hidden.initialize(rng);
    initializeHead(this.#head, this.#headSpecs, rng);
  }

  scaleColumns(scales: Float32Array): void {
    scaleColumns(this.#head, this.#headSpecs, scales);
  }

  async generate(e: Float32Array): Promise<Float32Array> {
    const head = this.#head;
    this.#generator ??= await Session.create(hiddenGraph(this.#layers));
    const input = alignedArray(e.length);
    input.set(e);
    await this.#generator.run(
      { embedding: tensor(input, [1, e.length]), ...this.#hidden.group.feeds(false) },
      { h: tensor(head.ports.h, [1, head.rows]) },
    );
    head.receive("h");
    await this.#pass("forward");
    return head.arrays.generated.slice(0, head.shape.columns);
  }

  newTask(e: Float32Array): void {
    clearMoments(this.#head);
    this.#hidden.group.clearMoments();
    this.#embedding.values(0).set(e);
    this.#embedding.clearMoments();
  }

  async prepare(earlier: EarlierTasks): Promise<void> {
    const { shape, clipNorm } = this.#options;
    this.#earlier = earlier;
    growHeadMemory(this.#memory, this.#headShape);
    this.#head = this.#newHead();
    const { arrays, padded } = this.#head;
    // Columns beyond the last must hold zeros; other arrays lay here before.
    arrays.targets.fill(0);
    arrays.d.fill(0);
    earlier.targets.forEach((target, j) => {
      arrays.targets.set(target, j * padded);
    });
    this.#exchange = createExchange(this.#head, shape.embedding);
    await this.#releaseSessions();
    const R = earlier.regularized;
    this.#sessions = {
      task: await Session.create(taskGraph(this.#options)),
      lookAhead: R === 0 ? undefined : await Session.create(lookAheadGraph(this.#layers, R)),
      update: await Session.create(updateGraph(this.#layers, this.#embedding, clipNorm, R)),
    };
  }

  async train(call: TrainingCall): Promise<void> {
    const arrays = { head: this.#head, hidden: this.#hidden.group, embedding: this.#embedding };
    const steps = stepTensors({ ...arrays, exchange: this.#exchange }, call);
    await this.generate(this.#embedding.values(0));
    this.#head.send("generated");
    for (let i = 0; i < call.trips; i++) {
      if (!(await this.#step(call, i, steps[i % 2]))) return;
      this.#hidden.group.swap();
      this.#embedding.swap();
    }
  }

  embedding(): Float32Array {
    return this.#embedding.values(0).slice();
  }

  entries(): { name: string; shape: readonly number[]; data: Float32Array }[] {
    const head = headEntries(this.#head, this.#headSpecs);
    const theta = this.#hidden.entries().flatMap((hidden, i) => [...hidden, ...head[i]]);
    return [...theta.map((t) => ({ ...t, name: THETA + t.name })), ...this.#embedding.entries()];
  }

  restore(saved: SavedArrays): void {
    this.#hidden.restore(saved, THETA);
    restoreHead(this.#head, this.#headSpecs, saved, THETA);
    this.#embedding.restore(saved, "");
  }

  async release(): Promise<void> {
    await this.#releaseSessions();
    await this.#generator?.release();
    await this.#threads?.close();
  }

  /** @returns false, with nothing changed, when a loss is not finite */
  async #step(call: TrainingCall, i: number, step: StepTensors): Promise<boolean> {
    const head = this.#head;
    const { task, lookAhead, update } = this.#sessions!;
    const exchange = this.#exchange;
    exchange.iteration[0] = BigInt(i);
    fillKernelConstants(head.arrays.adam, call.thetaScalars[2 * i], call.thetaScalars[2 * i + 1]);
    await task.run(...step.task);
    head.receive("d");
    await this.#pass("backward");
    addSums(head, exchange.dh, 1);
    call.taskLosses[i] = exchange.loss[0];
    const R = this.#earlier.regularized;
    if (lookAhead !== undefined) {
      this.#pick(call.picks.subarray(i * R, (i + 1) * R));
      await lookAhead.run(...step.lookAhead);
      head.receive("ahead");
      await this.#pass("lookAhead");
      addSums(head, exchange.dhAhead, R);
    }
    call.regularizers[i] = this.#measureGradient();
    if (!Number.isFinite(call.taskLosses[i]) || !Number.isFinite(call.regularizers[i])) return false;
    await update.run(...step.update);
    head.receive("h", "scaled");
    await this.#pass("update");
    head.send("generated");
    return true;
  }

  /** Sets the regularised tasks of a minibatch. */
  #pick(tasks: Int32Array): void {
    const { embedding } = this.#options.shape;
    const { beta, batchSize } = this.#options;
    this.#head.setPicks(tasks);
    tasks.forEach((task, j) => {
      this.#exchange.earlier.set(this.#earlier.embeddings[task], j * embedding);
    });
    this.#head.arrays.adam[6] = (2 * beta * batchSize) / tasks.length;
  }

  /** Hands the update the sum of squares of the head's gradient, and returns the regulariser. */
  #measureGradient(): number {
    const { squares, taskSquares } = this.#exchange;
    const { h, adam } = this.#head.arrays;
    if (this.#earlier.regularized === 0) {
      squares[0] = dot(h, h) * taskSquares[0];
      return 0;
    }
    const { all, drifts } = gradientSquares(this.#head);
    squares[0] = all;
    // The d of a drift is 2 β B / R times it, and the regulariser β B / R times its square.
    return this.#options.beta === 0 ? 0 : drifts / (2 * adam[6]);
  }

  async #pass(pass: HeadPass): Promise<void> {
    if (this.#threads !== undefined) return this.#threads.run(this.#head, pass);
    for (let chunk = 0; chunk < CHUNKS; chunk++) this.#head[pass](chunk);
  }

  get #layers(): HiddenLayers {
    return { shape: this.#options.shape, hidden: this.#hidden };
  }

  get #headShape(): HeadShape {
    const { shape } = this.#options;
    const { targets, regularized } = this.#earlier;
    const columns = weightCount(shape.target);
    return { hidden: hiddenSize(shape), columns, earlier: targets.length, regularized };
  }

  #newHead(): Head {
    this.#threads?.share(this.#headShape, this.#memory);
    return new Head(this.#headShape, this.#memory);
  }

  async #releaseSessions(): Promise<void> {
    await this.#sessions?.task.release();
    await this.#sessions?.lookAhead?.release();
    await this.#sessions?.update.release();
  }
}
