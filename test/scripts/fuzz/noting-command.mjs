// Stands for the command line: a run of five steps, each of which stays done, that ends with a note and the hash of it. With
// `other`, each note differs.
import { createHash, randomUUID } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const [kind, out] = process.argv.slice(2);
const begun = existsSync(join(out, "settings.json"));
mkdirSync(out, { recursive: true });
if (!begun) writeFileSync(join(out, "steps.tmp"), "0");
writeFileSync(join(out, "settings.json"), "{}");
if (kind === "fails" && begun) throw new Error("cannot go on");
const steps = join(out, "steps.tmp");
for (let step = begun ? Number(readFileSync(steps, "utf8")) : 0; step < 5; step++) {
  await sleep(50);
  writeFileSync(`${steps}.next`, String(step + 1));
  renameSync(`${steps}.next`, steps);
}
const note = kind === "other" ? randomUUID() : "the same";
writeFileSync(join(out, "evaluation.json"), note);
const sha256 = (text) => createHash("sha256").update(text).digest("hex");
const files = { "evaluation.json": sha256(note), "settings.json": sha256("{}") };
writeFileSync(join(out, "hashes.json"), JSON.stringify({ version: 1, files }));
