/** What the model needs of a normaliser, as arrays. */
export interface NormalizerArrays {
  /** Mean of `[φ(s), u]`, `[I]`. */
  readonly inputMean: Float32Array;
  /** One over the standard deviation of `[φ(s), u]`, `[I]`. */
  readonly inputScale: Float32Array;
  /** Mean of the targets, `[X]`. */
  readonly targetMean: Float32Array;
  /** Standard deviation of the targets, `[X]`. */
  readonly targetStd: Float32Array;
}

const MIN_STD = 1e-9;

/**
 * From this mean on, and this many standard deviations, an input is large: a plan that reads it as it is has left less
 * than four of float32's seven digits for how it varies.
 */
const LARGE = 1000;

/**
 * What is taken from each input `[I]` before the network's first layer reads it, when a task is planned: the mean of a
 * large one, such as a time since 1970, and 0 of all others. The rest of the normaliser is folded into that layer, where
 * a large mean would leave nothing but its rounding errors. Undefined when no input is large.
 */
export function inputOffset({ inputMean, inputScale }: NormalizerArrays): Float32Array | undefined {
  const offset = inputMean.map((mean, i) =>
    Math.abs(mean) >= LARGE && Math.abs(mean) * inputScale[i]! >= LARGE ? mean : 0,
  );
  return offset.some((mean) => mean !== 0) ? offset : undefined;
}

/** Running mean and variance of vectors (Welford 1962), float64. */
export class RunningMoments {
  count = 0;
  readonly mean: Float64Array;
  readonly squares: Float64Array;

  constructor(size: number) {
    this.mean = new Float64Array(size);
    this.squares = new Float64Array(size);
  }

  add(values: ArrayLike<number>): void {
    this.count++;
    for (let i = 0; i < this.mean.length; i++) {
      const before = values[i]! - this.mean[i]!;
      this.mean[i]! += before / this.count;
      this.squares[i]! += before * (values[i]! - this.mean[i]!);
    }
  }

  /** Standard deviation; 1 where it is below 1e-9 or nothing was seen. */
  std(i: number): number {
    const std = this.count > 0 ? Math.sqrt(this.squares[i]! / this.count) : 0;
    return std < MIN_STD ? 1 : std;
  }
}

/**
 * Per-task normaliser: running statistics of the inputs `[φ(s), u]` and, when asked for, of the targets
 * `x' - x`. It sees every transition of the task once and is frozen when the task ends.
 */
export class Normalizer {
  readonly inputs: RunningMoments;
  readonly targets: RunningMoments;
  readonly normalizeTargets: boolean;

  /**
   * @param normalizeTargets false leaves targets as they are (the published setting); true scales each by its
   *   own spread, which matters where differences are millimetres
   */
  constructor(inputSize: number, targetSize: number, normalizeTargets: boolean) {
    this.inputs = new RunningMoments(inputSize);
    this.targets = new RunningMoments(targetSize);
    this.normalizeTargets = normalizeTargets;
  }

  /** Counts a transition in: its input `[I]` and its target `[X]`. */
  add(input: ArrayLike<number>, target: ArrayLike<number>): void {
    this.inputs.add(input);
    this.targets.add(target);
  }

  /** The statistics so far, as copies that later transitions do not change. */
  arrays(): NormalizerArrays {
    const { inputs, targets, normalizeTargets } = this;
    return {
      inputMean: Float32Array.from(inputs.mean),
      inputScale: Float32Array.from(inputs.mean, (_, i) => 1 / inputs.std(i)),
      targetMean: Float32Array.from(targets.mean, (m) => (normalizeTargets ? m : 0)),
      targetStd: Float32Array.from(targets.mean, (_, i) => (normalizeTargets ? targets.std(i) : 1)),
    };
  }
}
