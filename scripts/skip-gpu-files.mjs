/**
 * Run by npm before the install scripts of dependencies. On Linux x64 the install script of onnxruntime-node downloads
 * libraries for GPUs (hundreds of megabytes, and not from the package registry) unless files of their names are there.
 * This package computes on the CPU only, so empty files take their places. They lie in a copy of onnxruntime-node under
 * a name of its own, which no other package loads. Whoever sets ONNXRUNTIME_NODE_INSTALL is obeyed as before.
 */
import { existsSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const require = createRequire(import.meta.url);
const runtime = dirname(require.resolve("hypercrl-onnxruntime/package.json"));
const { requirements, manifests } = require("hypercrl-onnxruntime/script/install-metadata.js");

const platform = `${process.platform}/${process.arch}`;
for (const name of requirements[platform] ?? []) {
  for (const file of Object.keys(manifests[`${platform}:${name}`])) {
    const path = join(runtime, "bin/napi-v6", platform, file);
    if (!existsSync(path)) writeFileSync(path, "");
  }
}
