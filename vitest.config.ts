import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { configDefaults, defineConfig } from "vitest/config";

const E2E = "test/**/*.e2e.test.ts";

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
    // The default leaves one core idle, and many tests wait for processes that they started.
    maxWorkers: Math.ceil(1.5 * availableParallelism()),
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
