/** What discovery is saved as between two episodes. */
export interface SavedDiscovery {
  /** Training sessions of the present visit. */
  readonly sessions: number;
  /** Transitions of the present visit, those that are held back included. */
  readonly steps: number;
  /** Training sessions of the present visit when the model in use was last looked at, -1 for never. */
  readonly seen: number;
  /** g of the test. */
  readonly sum: number;
  /** σ, `[X]`; empty while there is none. */
  readonly scale: Float32Array;
  /** Errors of the reference, rows `[R, X + 1]` of residuals and share. */
  readonly reference: Float64Array;
  /** Transitions that are held back, rows `[n, I + X]`. */
  readonly held: Float32Array;
  /** Their errors, rows `[n, X + 1]` of residuals and share. */
  readonly heldErrors: Float64Array;
  /** Steps by found task and task of the suite, `[K, J]`. */
  readonly counts: Float64Array;
}
