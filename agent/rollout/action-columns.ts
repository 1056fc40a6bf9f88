/** Sizes of actions as planners hold them, `[H, N, U]`. */
export interface ActionSizes {
  readonly horizon: number;
  /** N */
  readonly samples: number;
  readonly actionSize: number;
}

/**
 * Copies sequences `from … to - 1` of actions `[H, N, U]` to what the planner's graph reads, one column each: `[H·U, W]`,
 * W ≥ to - from, zero where there is none.
 */
export function toColumns(
  actions: Float32Array,
  columns: Float32Array,
  sizes: ActionSizes,
  from = 0,
  to = sizes.samples,
): void {
  const { horizon, samples, actionSize } = sizes;
  const rows = horizon * actionSize;
  const width = columns.length / rows;
  for (let row = 0; row < rows; row++) {
    let at = (Math.floor(row / actionSize) * samples + from) * actionSize + (row % actionSize);
    const end = row * width + to - from;
    for (let i = row * width; i < end; i++, at += actionSize) columns[i] = actions[at]!;
    columns.fill(0, end, (row + 1) * width);
  }
}

/** The way back of whole columns `[H·U, N]` to `[H, N, U]`. */
export function fromColumns(columns: Float32Array, actions: Float32Array, sizes: ActionSizes): void {
  const { samples, actionSize } = sizes;
  for (let i = 0; i < columns.length; i++) {
    const row = Math.floor(i / samples);
    const h = Math.floor(row / actionSize);
    actions[(h * samples + (i % samples)) * actionSize + (row % actionSize)] = columns[i]!;
  }
}
