import { writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { kind } from "./file-kind.js";
import { resumeRun } from "./readers.js";
import { putStandin, type Standin } from "./standins.js";

/** Locks in the folder of a run, as other processes on other machines leave them. */
export const lockKind = kind({
  name: "lock",
  changes: ["begun"],
  cases: fc.record({
    host: fc.oneof(
      fc.constantFrom("", ".", "localhost", "a.b.c", "\u001b[2J", "..", "é"),
      fc.string({ maxLength: 60 }),
    ),
    pid: fc.oneof(fc.constantFrom("0", "1", "-1", "99999999999999999999", "1e3", "٣"), fc.nat().map(String)),
    start: fc.oneof(fc.constantFrom("0", "", "1.5", "9".repeat(60)), fc.nat().map(String)),
    content: fc.string(),
    standin: fc.constantFrom<Standin | "none">(
      "none",
      "none",
      "none",
      "none",
      "folder",
      "pipe",
      "link outside",
    ),
  }),
  async run(folder, { host, pid, start, content, standin }) {
    const name = `in-use.${host}.${pid}.${start}.lock`.replaceAll(/[/\0]/g, "_");
    const path = join(folder, "begun", name.slice(0, 200));
    writeFileSync(path, content);
    if (standin !== "none") putStandin(folder, path, standin);
    await resumeRun(folder);
  },
});
