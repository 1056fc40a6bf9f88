import { existsSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { initPhysics } from "../../sim/world.js";
import { currentVersions } from "../runs/versions.js";
import type { Machine } from "./result.js";

/**
 * What decides the figures besides the code.
 * @param torch what PyTorch says of itself, when there is one
 */
export async function describeMachine(torch: Readonly<Record<string, string>> | undefined): Promise<Machine> {
  // The engine tells its version only when loaded.
  await initPhysics();
  const processors = cpus();
  const machine: Machine = {
    cpu: processors[0]?.model.trim() ?? "unknown",
    cores: processors.length,
    memoryGb: Math.round(totalmem() / 1e9),
    platform: `${process.platform} ${process.arch}`,
    versions: { ...currentVersions() },
  };
  return torch === undefined ? machine : { ...machine, torch: { ...torch } };
}

/** The repository's folder, from the sources as well as from the build. */
export function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, "package.json"))) folder = dirname(folder);
  return folder;
}
