// A kind of inputs that one process alone can load. The others notice some time after it has begun with its cases.
import { appendFileSync, existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import fc from "fast-check";

const folder = new URL(import.meta.url).searchParams.get("folder");
const notes = join(folder, "cases");
let first = true;
try {
  writeFileSync(join(folder, "loaded"), "", { flag: "wx" });
} catch {
  first = false;
}
if (!first) {
  while (!existsSync(notes)) await wait(10);
  process.exit(7);
}

export const kinds = [
  {
    name: "slow",
    cases: fc.nat(),
    run: async () => {
      appendFileSync(notes, ".");
      await wait(50);
    },
  },
];
