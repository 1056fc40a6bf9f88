import { tmpdir } from "node:os";
import { join } from "node:path";
import { configDefaults, defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

const E2E = "test/**/*.e2e.test.ts";

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
    pool: "forks",
    // The default leaves one core idle, which is half of a small machine.
    maxWorkers: "100%",
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        extends: true,
        test: { name: "unit", include: ["test/**/*.test.ts"], exclude: [...configDefaults.exclude, E2E] },
      },
      {
        extends: true, // A process that a busy machine starts may take long.
        test: { name: "e2e", include: [E2E], testTimeout: 300_000, hookTimeout: 300_000 },
      },
    ],
  },
});
