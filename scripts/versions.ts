import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Versions } from "../agent/run-store.js";
import { physicsVersion } from "../sim/world.js";

/** Version of this package, from its package.json. */
export function packageVersion(): string {
  // Sources run from scripts/, the build from dist/scripts/: the first package.json upwards is ours in both.
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, "package.json"))) folder = dirname(folder);
  return readVersion(join(folder, "package.json"));
}

/** Everything that decides a run's numbers. @throws RunError before `initPhysics()` has finished */
export function currentVersions(): Versions {
  const require = createRequire(import.meta.url);
  return {
    hypercrl: packageVersion(),
    physics: physicsVersion(),
    node: process.version,
    onnxruntime: readVersion(require.resolve("onnxruntime-node/package.json")),
  };
}

function readVersion(path: string): string {
  return (JSON.parse(readFileSync(path, "utf8")) as { version: string }).version;
}
