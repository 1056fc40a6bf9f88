import { createRequire } from "node:module";
import type { Versions } from "../../agent/run/origin.js";
import { physicsVersion } from "../../sim/world.js";
import { packageVersion, readVersion } from "./package-version.js";

/** Everything that decides a run's numbers. @throws RunError before `initPhysics()` has finished */
export function currentVersions(): Versions {
  const require = createRequire(import.meta.url);
  return {
    hypercrl: packageVersion(),
    physics: physicsVersion(),
    node: process.version,
    onnxruntime: readVersion(require.resolve("hypercrl-onnxruntime/package.json")),
  };
}
