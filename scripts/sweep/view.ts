import type { Manifest, ManifestRun } from "./manifest-file.js";
import type { FailedRun } from "./report.js";

/** Is told of the runs while they go on. */
export interface SweepView {
  /** The sweep begins; `pending` are the runs still to be made. */
  begin(folder: string, manifest: Manifest, pending: readonly ManifestRun[]): void;
  /** A run has started. */
  started(run: ManifestRun): void;
  /** A run has ended. */
  ended(run: ManifestRun, outcome: RunOutcome): void;
  /** The sweep has ended. */
  end(): void;
}

/** How a run of a sweep ended. */
export type RunOutcome =
  | { readonly kind: "finished" }
  | { readonly kind: "stopped" }
  | ({ readonly kind: "failed" } & FailedRun);
