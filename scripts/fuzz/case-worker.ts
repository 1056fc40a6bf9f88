import { createHash } from "node:crypto";
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { MIB } from "../../sim/core/bytes.js";
import { findNamed } from "../../sim/core/one-of.js";
import { initPhysics } from "../../sim/world.js";
import { peakBytes } from "../runs/resident-memory.js";
import { type FuzzKind, isRefusal } from "./kind.js";
import type { CaseReply, CaseRequest, WorkerData } from "./protocol.js";

/**
 * A process that does cases one by one, so that one that hangs, ends the process or takes all memory can be told and
 * stopped from outside.
 */
const { inputs, folder, limits, kinds: source } = JSON.parse(process.argv[2] ?? "") as WorkerData;
// What is chosen here is not remembered for the user.
process.env.XDG_STATE_HOME = join(folder, "state");
// The program's messages are not what is looked at.
process.stdout.write = () => true;
process.stderr.write = () => true;
restore(undefined);
await initPhysics();
const victim = fingerprint();
const { kinds } = (await import(source)) as { kinds: readonly FuzzKind[] };

process.on("message", (request: CaseRequest) => void answer(request));
process.on("disconnect", () => {
  rmSync(folder, { recursive: true, force: true });
  process.exit();
});
process.send?.({ ready: true } satisfies CaseReply);

async function answer({ kind, seed, index }: CaseRequest): Promise<void> {
  const reply = await runCase(findNamed("kind of input", kind, kinds), seed, index);
  process.send?.(reply);
}

async function runCase(kind: FuzzKind, seed: number, index: number): Promise<CaseReply> {
  let outcome: CaseReply = { outcome: "harmless" };
  try {
    await kind.run(folder, generate(kind, seed, index));
  } catch (error) {
    if (isRefusal(error)) outcome = { outcome: "refused" };
    else outcome = { outcome: "trace", detail: error instanceof Error ? String(error.stack) : String(error) };
  }
  process.chdir(folder);
  if (fingerprint() !== victim)
    outcome = { outcome: "escaped", detail: "a file outside of what was named is changed" };
  const peak = peakBytes();
  if (peak > limits.bytes) outcome = { outcome: "memory", detail: `${Math.round(peak / MIB)} MiB` };
  restore(outcome.outcome === "escaped" ? undefined : kind.changes);
  return outcome;
}

/** Case `index` of a kind, the same whenever it is asked for. */
function generate({ name, cases }: FuzzKind, seed: number, index: number): unknown {
  const mixed = createHash("sha256").update(`${seed}/${name}/${index}`).digest().readInt32LE();
  return fc.sample(cases, { seed: mixed, numRuns: 1 })[0];
}

/** Puts the inputs back as they were. */
function restore(changes: readonly string[] = [...readdirSync(folder), ...readdirSync(inputs)]): void {
  for (const name of changes) rmSync(join(folder, name), { recursive: true, force: true });
  for (const name of new Set(changes)) {
    if (existsSync(join(inputs, name))) cpSync(join(inputs, name), join(folder, name), { recursive: true });
  }
}

/** What nothing may change. */
function fingerprint(): string {
  const path = join(folder, "victim");
  const names = readdirSync(path, { recursive: true, encoding: "utf8" }).sort();
  const contents = names.map((name) => {
    const file = join(path, name);
    return [name, statSync(file).isFile() ? readFileSync(file, "latin1") : ""];
  });
  return JSON.stringify(contents);
}
