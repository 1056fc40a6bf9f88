import { tmpdir } from "node:os";
import { join } from "node:path";
import { configDefaults, defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

const E2E = "test/**/*.e2e.test.ts";

/** Draws the pictures of the README as those who change them do; takes as long as many other files together. */
const PICTURES = "test/scripts/bench/figures/pictures.e2e.test.ts";

/** Unit tests of what happens once in a process: physics that is not there yet, parts added to the registries, a disk that fails. */
const FRESH_PROCESS = [
  "test/sim/world.test.ts",
  "test/scripts/runs/more-parts.test.ts",
  "test/agent/loop/checkpoints.test.ts",
  "test/agent/run/checkpoint-writer.test.ts",
];

/** Files that start processes take longest; begun last, they would leave a core idle at the end. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isLong = ({ moduleId }: TestSpecification) => moduleId.endsWith(".e2e.test.ts");
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}

/*
 * `unit` tests run from the TypeScript sources; of the build they need only the WebAssembly kernels, the bundled pages and
 * the files that worker threads start from. `e2e` tests start the built command line or a browser.
 */
export default defineConfig({
  test: {
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // What tests choose is not remembered for the user who runs them.
    env: { XDG_STATE_HOME: join(tmpdir(), "hypercrl-tests-state") },
    // Files share a process: none may leave something changed to the next.
    restoreMocks: true,
    unstubEnvs: true,
    unstubGlobals: true,
    pool: "forks",
    // The default leaves one core idle, which is half of a small machine.
    maxWorkers: "100%",
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: ["test/**/*.test.ts"],
          exclude: [...configDefaults.exclude, E2E, ...FRESH_PROCESS],
          // Files share a process: loading the modules again for each would take longer than most files' tests.
          isolate: false,
        },
      },
      { extends: true, test: { name: "unit-fresh", include: FRESH_PROCESS } },
      {
        extends: true, // A process that a busy machine starts may take long.
        test: {
          name: "e2e",
          include: [E2E],
          exclude: [...configDefaults.exclude, PICTURES],
          // As above; and commands that are called within the process run there compiled from the second file on.
          isolate: false,
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
      { extends: true, test: { name: "pictures", include: [PICTURES] } },
    ],
  },
});
