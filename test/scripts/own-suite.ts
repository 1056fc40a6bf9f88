import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

/** Writes the example of a suite of one's own into a folder, with the build as its package, and makes its physics ready. */
export async function writeOwnSuite(folder: string): Promise<string> {
  const file = join(folder, "puck.mjs");
  const text = readFileSync("docs/examples/puck-suite.mjs", "utf8");
  const build = JSON.stringify(resolve("dist/scripts/index.js"));
  writeFileSync(file, text.replace('from "hypercrl"', `from ${build}`));
  // The module's own physics engine, which is that of the build.
  const { initPhysics } = (await import(resolve("dist/sim/world.js"))) as { initPhysics(): Promise<void> };
  await initPhysics();
  return file;
}
