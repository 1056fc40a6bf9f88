import type { Rng } from "../../sim/core/rng.js";
import { fillKernelConstants } from "../adam.js";
import { weightCount } from "../dynamics.js";
import { alignedArray, alignedArrays, type Feeds, Session, tensor } from "../graph/session.js";
import { hypernetworkParameters } from "../hypernetwork.js";
import { CHUNKS, growHeadMemory, Head, type HeadPass, type HeadShape, headMemory } from "../kernel/head.js";
import { clearMoments, headEntries, initializeHead, restoreHead, scaleColumns } from "../kernel/store.js";
import { HeadThreads, worthSharing } from "../parallel/head-threads.js";
import {
  drawUniform,
  ParameterGroup,
  type ParameterSpec,
  type SavedArrays,
  savedArray,
} from "../parameters.js";
import {
  hiddenGraph,
  hiddenGroup,
  hiddenSize,
  hiddenSpecs,
  lookAheadGraph,
  taskGraph,
  updateGraph,
} from "./fused-graphs.js";
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

/** Small arrays that graphs and kernel exchange in a minibatch. */
interface Exchange {
  /** Gradient for the hidden output of the task's embedding `[rows]`. */
  readonly dh: Float32Array;
  /** Gradients for the hidden outputs of the regularised embeddings `[R, rows]`. */
  readonly dhAhead: Float32Array;
  /** Regularised embeddings `[R, E]`. */
  readonly earlier: Float32Array;
  /** Sum of squares of the head's gradient, of the task's gradient for the generated weights; task loss. */
  readonly squares: Float32Array;
  readonly taskSquares: Float32Array;
  readonly loss: Float32Array;
  readonly iteration: BigInt64Array;
}

/** The tensors of a minibatch. Two sets: hidden parameters are read from one and written to the other in turn. */
interface Step {
  readonly task: readonly [feeds: Feeds, results: Feeds];
  readonly lookAhead: readonly [feeds: Feeds, results: Feeds];
  readonly update: readonly [feeds: Feeds, results: Feeds];
}

/**
 * Minibatch steps with the fused kernel for the head, which holds nearly all of Θ: its gradient is never stored, and
 * a step passes over its memory three times. Hidden layers, embedding and task loss are small ONNX graphs that read
 * and write the kernel's memory.
 */
export class FusedTrainer implements HypernetworkTrainer {
  readonly #options: TrainerOptions;
  readonly #hidden: ParameterGroup;
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
    this.#hidden = hiddenGroup(shape);
    this.#headSpecs = hypernetworkParameters(shape).filter(({ name }) => name.startsWith("head."));
    this.#embedding = new ParameterGroup([{ name: "embedding", shape: [1, shape.embedding], bound: 0 }]);
    this.#memory = headMemory(this.#headShape, this.#threads !== undefined);
    this.#head = this.#newHead();
    this.#exchange = this.#newExchange();
  }

  initialize(rng: Rng): void {
    this.#hidden.clearMoments();
    for (const { spec, at } of this.#hiddenBlocks()) {
      drawUniform(this.#hidden.values(0).subarray(at, at + spec.shape[0] * spec.shape[1]), spec.bound, rng);
    }
    initializeHead(this.#head, this.#headSpecs, rng);
  }

  scaleColumns(scales: Float32Array): void {
    scaleColumns(this.#head, this.#headSpecs, scales);
  }

  async generate(e: Float32Array): Promise<Float32Array> {
    const head = this.#head;
    this.#generator ??= await Session.create(hiddenGraph(this.#options.shape, this.#hidden));
    const input = alignedArray(e.length);
    input.set(e);
    await this.#generator.run(
      { embedding: tensor(input, [1, e.length]), ...this.#hidden.feeds(false) },
      { h: tensor(head.ports.h, [1, head.rows]) },
    );
    head.receive("h");
    await this.#pass("forward");
    return head.arrays.generated.slice(0, head.shape.columns);
  }

  newTask(e: Float32Array): void {
    clearMoments(this.#head);
    this.#hidden.clearMoments();
    this.#embedding.values(0).set(e);
    this.#embedding.clearMoments();
  }

  async prepare(earlier: EarlierTasks): Promise<void> {
    const { shape } = this.#options;
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
    this.#exchange = this.#newExchange();
    await this.#releaseSessions();
    const R = earlier.regularized;
    this.#sessions = {
      task: await Session.create(taskGraph(this.#options)),
      lookAhead: R === 0 ? undefined : await Session.create(lookAheadGraph(shape, this.#hidden, R)),
      update: await Session.create(updateGraph(this.#options, this.#hidden, this.#embedding, R)),
    };
  }

  async train(call: TrainingCall): Promise<void> {
    const steps = this.#steps(call);
    await this.generate(this.#embedding.values(0));
    this.#head.send("generated");
    for (let i = 0; i < call.trips; i++) {
      if (!(await this.#step(call, i, steps[i % 2]))) return;
      this.#hidden.swap();
      this.#embedding.swap();
    }
  }

  embedding(): Float32Array {
    return this.#embedding.values(0).slice();
  }

  entries(): { name: string; shape: readonly number[]; data: Float32Array }[] {
    const rows = this.#hidden.entries();
    const theta = headEntries(this.#head, this.#headSpecs).flatMap((head, i) => {
      const suffix = ["", ".m", ".v"][i];
      const hidden = this.#hiddenBlocks().map(({ spec: { name, shape }, at }) => ({
        name: name + suffix,
        shape,
        data: rows[i].data.slice(at, at + shape[0] * shape[1]),
      }));
      return [...hidden, ...head];
    });
    return [...theta.map((t) => ({ ...t, name: THETA + t.name })), ...this.#embedding.entries()];
  }

  restore(saved: SavedArrays): void {
    for (const { name: suffix, data } of this.#hidden.entries()) {
      for (const { spec, at } of this.#hiddenBlocks()) {
        const name = THETA + spec.name + suffix.replace("hidden", "");
        data.set(savedArray(saved, name, spec.shape[0] * spec.shape[1]), at);
      }
    }
    restoreHead(this.#head, this.#headSpecs, saved, THETA);
    this.#embedding.restore(saved, "");
  }

  async release(): Promise<void> {
    await this.#releaseSessions();
    await this.#generator?.release();
    await this.#threads?.close();
  }

  /** @returns false, with nothing changed, when a loss is not finite */
  async #step(call: TrainingCall, i: number, step: Step): Promise<boolean> {
    const head = this.#head;
    const { task, lookAhead, update } = this.#sessions!;
    const exchange = this.#exchange;
    exchange.iteration[0] = BigInt(i);
    fillKernelConstants(head.arrays.adam, call.thetaScalars[2 * i], call.thetaScalars[2 * i + 1]);
    await task.run(...step.task);
    head.receive("d");
    await this.#pass("backward");
    this.#sumChunks(exchange.dh, 1);
    call.taskLosses[i] = exchange.loss[0];
    const R = this.#earlier.regularized;
    if (lookAhead !== undefined) {
      this.#pick(call.picks.subarray(i * R, (i + 1) * R));
      await lookAhead.run(...step.lookAhead);
      head.receive("ahead");
      await this.#pass("lookAhead");
      this.#sumChunks(exchange.dhAhead, R);
    }
    const { squares, penalty } = this.#headSquares();
    exchange.squares[0] = squares;
    call.regularizers[i] = penalty;
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

  /** Adds chunks and lanes of the first `count` rows of sums, `[count, rows]`. */
  #sumChunks(out: Float32Array, count: number): void {
    const { sums } = this.#head.arrays;
    const stride = sums.length / CHUNKS;
    const length = count * this.#head.rows;
    for (let k = 0; k < length; k++) {
      let sum = 0;
      for (let at = 4 * k; at < sums.length; at += stride) {
        sum += sums[at] + sums[at + 1] + (sums[at + 2] + sums[at + 3]);
      }
      out[k] = sum;
    }
  }

  /**
   * Sum of squares of the head's gradient Σ_t h_t ⊗ d_t: Σ_{s,t} (h_s · h_t)(d_s · d_t). And the regulariser, which
   * the d's of the drifts carry times 2 β B / R.
   */
  #headSquares(): { squares: number; penalty: number } {
    const head = this.#head;
    const { rows } = head;
    const R = this.#earlier.regularized;
    const { gram, h, ahead, adam } = head.arrays;
    const hidden = [h, ...Array.from({ length: R }, (_, j) => ahead.subarray(j * rows, (j + 1) * rows))];
    if (R === 0) return { squares: dot(h, h) * this.#exchange.taskSquares[0], penalty: 0 };
    let squares = 0;
    let drift = 0;
    for (let s = 0; s <= R; s++) {
      for (let t = 0; t <= s; t++) {
        let product = 0;
        const stride = (R + 1) ** 2 * 4;
        for (let at = (s * (R + 1) + t) * 4; at < gram.length; at += stride) {
          product += gram[at] + gram[at + 1] + (gram[at + 2] + gram[at + 3]);
        }
        squares += (s === t ? 1 : 2) * product * dot(hidden[s], hidden[t]);
        if (s === t && s > 0) drift += product;
      }
    }
    return { squares, penalty: this.#options.beta === 0 ? 0 : drift / (2 * adam[6]) };
  }

  async #pass(pass: HeadPass): Promise<void> {
    if (this.#threads !== undefined) return this.#threads.run(this.#head, pass);
    for (let chunk = 0; chunk < CHUNKS; chunk++) this.#head[pass](chunk);
  }

  #steps(call: TrainingCall): readonly [Step, Step] {
    const first = this.#makeStep(call);
    this.#hidden.swap();
    this.#embedding.swap();
    const second = this.#makeStep(call);
    this.#hidden.swap();
    this.#embedding.swap();
    return [first, second];
  }

  #makeStep(call: TrainingCall): Step {
    const { ports, rows, shape } = this.#head;
    const x = this.#exchange;
    const R = this.#earlier.regularized;
    const { embedding } = this.#options.shape;
    const P = shape.columns;
    const iteration = tensor(x.iteration, []);
    const common: Feeds = {
      iteration,
      "adam.theta": tensor(call.thetaScalars, [call.trips, 2]),
      dh: tensor(x.dh, [1, rows]),
      ...(R > 0 && { earlier: tensor(x.earlier, [R, embedding]) }),
      ...this.#hidden.feeds(true),
    };
    return {
      task: [
        { ...call.minibatches, iteration, weights: tensor(ports.generated.subarray(0, P), [1, P]) },
        {
          loss: tensor(x.loss, []),
          d: tensor(ports.d.subarray(0, P), [1, P]),
          squares: tensor(x.taskSquares, []),
        },
      ],
      lookAhead: [{ ...common, ...this.#embedding.feeds(false) }, { ahead: tensor(ports.ahead, [R, rows]) }],
      update: [
        {
          ...common,
          ...this.#embedding.feeds(true),
          ...(R > 0 && { dhAhead: tensor(x.dhAhead, [R, rows]) }),
          squares: tensor(x.squares, []),
          "adam.embedding": tensor(call.embeddingScalars, [call.trips, 2]),
        },
        {
          ...this.#hidden.results(),
          ...this.#embedding.results(),
          scaled: tensor(ports.scaled, [rows, R + 1]),
          h: tensor(ports.h, [1, rows]),
        },
      ],
    };
  }

  /** Where each weight and bias of the hidden layers begins in their row. */
  #hiddenBlocks(): { spec: ParameterSpec; at: number }[] {
    let at = 0;
    return hiddenSpecs(this.#options.shape).map((spec) => {
      const block = { spec, at };
      at += spec.shape[0] * spec.shape[1];
      return block;
    });
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

  #newExchange(): Exchange {
    const { rows } = this.#head;
    const R = this.#earlier.regularized;
    const lengths = [rows, R * rows, R * this.#options.shape.embedding, 1, 1, 1];
    const [dh, dhAhead, earlier, squares, taskSquares, loss] = alignedArrays(lengths);
    return { dh, dhAhead, earlier, squares, taskSquares, loss, iteration: new BigInt64Array(1) };
  }

  async #releaseSessions(): Promise<void> {
    await this.#sessions?.task.release();
    await this.#sessions?.lookAhead?.release();
    await this.#sessions?.update.release();
  }
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}
