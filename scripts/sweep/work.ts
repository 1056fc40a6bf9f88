import type { SweepEngine } from "./engine.js";
import type { SweepChoice } from "./plan.js";
import type { SweepView } from "./view.js";

/** What is made of a sweep, where and by whom. */
export interface SweepWork {
  /** Folder of the sweep. */
  readonly out: string;
  /** What to compare; undefined: what the sweep holds. */
  readonly choice: SweepChoice | undefined;
  /** Go on with the sweep in that folder, and add what is chosen. */
  readonly resume: boolean;
  /** Line that the table shows differences from; default the first. */
  readonly differencesFrom?: string | undefined;
  /** Path of the suite's oracle; default `oracle.json` in the folder, or that of the package. */
  readonly oracle?: string | undefined;
  /** Path of the command line, which is started for each run. */
  readonly commandLine: string;
  /**
   * Whether a sweep that goes on may run these modules (absolute paths), which it names and nobody chose on this machine.
   * Without, it may not.
   */
  readonly trustModules?: (modules: readonly string[]) => Promise<boolean>;
  /** Go on although files of the suite have changed since a run began; without, that is an error. */
  readonly acceptChangedSuite?: boolean | undefined;
  /** Told of what the user should know and is no error. */
  readonly onWarning?: (text: string) => void;
  readonly engine: SweepEngine;
  readonly signal: AbortSignal;
}

/** What `runSweep` runs, and who is told of it. */
export interface SweepOptions extends SweepWork {
  readonly view: SweepView;
}
