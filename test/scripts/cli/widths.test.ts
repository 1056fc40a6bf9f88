import { readFileSync } from "node:fs";
import stringWidth from "string-width";
import { describe, expect, it } from "vitest";
import { settingsCommand, tasksCommand } from "../../../scripts/cli/commands/lists.js";
import { type Io, SILENT_IO, sayError, suggest } from "../../../scripts/cli/io.js";
import { createProgram } from "../../../scripts/cli/program.js";
import { summaryText } from "../../../scripts/compare/summary-text.js";
import type { SweepReport } from "../../../scripts/sweep/report.js";
import { reportText } from "../../../scripts/sweep/report-text.js";

const WIDTHS = [40, 60, 80, 120];

/** What a command prints on a terminal of that width. */
async function printed(width: number, run: (io: Io) => unknown): Promise<string> {
  const lines: string[] = [];
  const columns = () => width;
  const print = (text: string) => lines.push(text);
  await run({ ...SILENT_IO, out: print, err: print, columns, errorColumns: columns });
  return lines.join("\n");
}

/** Lines that are wider though they could have been broken: of several words, and no command to copy. */
function tooWide(text: string, width: number): string[] {
  const breakable = (line: string) => line.trim().includes(" ") && !/^ *(`|hypercrl )/.test(line);
  return text.split("\n").filter((line) => stringWidth(line) > width && breakable(line));
}

describe.each(WIDTHS)("on %i columns", (width) => {
  const commands = ["train", "evaluate", "replay", "export", "view", "sweep", "report", "tasks", "settings"];

  it.each([[], ...commands.map((name) => [name])])("help fits: hypercrl %s", async (...names) => {
    const help = (io: Io) =>
      createProgram(io, () => {})
        .parseAsync([...names, "--help"], { from: "user" })
        .catch(() => {});
    const text = await printed(width, help);
    expect(text).toContain("Usage: hypercrl");
    expect(tooWide(text, width)).toEqual([]);
    // Of help, single words fit too.
    expect(text.split("\n").filter((line) => stringWidth(line) > width && !line.includes("`"))).toEqual([]);
  });

  it("lists of tasks and settings fit", async () => {
    expect(tooWide(await printed(width, (io) => tasksCommand({}, io)), width)).toEqual([]);
    const settings = await printed(width, (io) =>
      settingsCommand({ suite: "push", method: "hypercrl", set: [] }, io),
    );
    expect(settings).toMatch(/^planner\.samples=64/m);
    expect(tooWide(settings, width)).toEqual([]);
  });

  it("a sweep's table, differences and definitions fit", () => {
    const report = JSON.parse(readFileSync("docs/results/push/sweep-results.json", "utf8")) as SweepReport;
    const text = reportText(report, width);
    expect(tooWide(text, width)).toEqual([]);
    for (const { method, average } of report.methods) {
      expect(text).toContain(method);
      expect(text).toContain(average.mean.toFixed(3));
    }
  });

  it("a run's summary fits", () => {
    const figures = { random: -14.6, learned: 324.1, final: 334.6, forgetting: -10.6, success: 0.3 };
    const measures = { maxCornerErrorMm: 22.2, positionErrorMm: 15.3, yawErrorDeg: 3.8 };
    const tasks = ["500-500", "100-500"].map((task) => ({
      ...{ task, ...figures, measures },
      counts: { success: { count: 3, of: 10 }, passed: { count: 7, of: 10 } },
    }));
    const text = summaryText({ tasks, afterTask: 1, best: undefined }, width);
    expect(text).toContain("22.2");
    expect(text.replace(/\s+/g, " ")).toContain(
      "Last evaluation, all tasks: success 6 of 20, passed 14 of 20.",
    );
    expect(tooWide(text, width)).toEqual([]);
  });

  it("errors fit, and the command to copy stays in one line", async () => {
    const command = "hypercrl train --resume 'runs/a folder with a long name and spaces in it'";
    const text = await printed(width, (io) => {
      sayError(io, `error: ${"Setting planner.elites is not valid; got 500; ".repeat(4)}`);
      suggest(io, "Stopped. Everything up to step 240 of task 1 of 2 is saved; continue with", command);
    });
    expect(text.split("\n").at(-1)).toBe(`  ${command}`);
    expect(tooWide(text, width)).toEqual([]);
  });
});
