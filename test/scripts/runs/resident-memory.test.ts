import { execFileSync } from "node:child_process";
import { expect, it } from "vitest";
import { MIB } from "../../../sim/core/bytes.js";

const memory = JSON.stringify(import.meta.resolve("#dist/scripts/runs/resident-memory.js"));
const large = `Buffer.alloc(${400 * MIB}, 1)`;

/** The number that a process of its own prints, which runs `code` as a module. */
function printedBy(code: string): number {
  const args = ["--input-type=module", "--eval", code];
  return Number(execFileSync(process.execPath, args));
}

it("the peak of a process counts what it has taken", () => {
  const code = `import { peakBytes, residentBytes } from ${memory};
    const before = residentBytes(process.pid);
    const taken = ${large};
    console.log(peakBytes() - before + taken[0] - 1);`;
  expect(printedBy(code)).toBeGreaterThan(390 * MIB);
});

it("a process that a large one started does not count its parent's memory", () => {
  const child = `import { peakBytes } from ${memory}; console.log(peakBytes());`;
  const parent = `
    import { execFileSync } from "node:child_process";
    const taken = ${large};
    const child = ["--input-type=module", "--eval", ${JSON.stringify(child)}];
    process.stdout.write(execFileSync(process.execPath, child));
    if (taken[0] !== 1) throw new Error("The memory was not taken.");`;
  const bytes = printedBy(parent);
  expect(bytes).toBeGreaterThan(0);
  expect(bytes).toBeLessThan(300 * MIB);
});
