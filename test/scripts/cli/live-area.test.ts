import { PassThrough } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";
import headless from "@xterm/headless";
import { describe, expect, it } from "vitest";
import { liveArea } from "../../../scripts/cli/live-area.js";

const ROWS = 12;

/** A terminal that breaks lines anew when it is resized, and the standard output that leads to it. */
class FakeTerminal {
  readonly #terminal = new headless.Terminal({
    cols: 80,
    rows: ROWS,
    convertEol: true,
    allowProposedApi: true,
  });
  readonly stdout = Object.assign(new PassThrough(), { isTTY: true, columns: 80, rows: ROWS });

  async resize(columns: number): Promise<void> {
    await this.settle();
    this.#terminal.resize(columns, ROWS);
    this.stdout.columns = columns;
    this.stdout.emit("resize");
    await this.settle();
  }

  /** Passes on what was written. */
  async settle(): Promise<void> {
    await turn();
    await new Promise<void>((done) => {
      this.#terminal.write(this.stdout.read() ?? "", done);
    });
  }

  /** Rows that are not empty, those scrolled out of sight too. */
  get rows(): string[] {
    return this.#allRows.filter((row) => row !== "");
  }

  /** Rows up to the last that is not empty. */
  lastRows(count: number): string[] {
    const rows = this.#allRows;
    const end = rows.findLastIndex((row) => row !== "") + 1;
    return rows.slice(end - count, end);
  }

  get #allRows(): string[] {
    const { active } = this.#terminal.buffer;
    return Array.from({ length: active.length }, (_, y) => active.getLine(y)?.translateToString(true) ?? "");
  }
}

const FRAME = [`first  ${"a".repeat(60)}  end`, `second ${"b".repeat(40)}  end`].join("\n");

function open() {
  const terminal = new FakeTerminal();
  const area = liveArea(terminal.stdout);
  terminal.stdout.write("printed before\n");
  return { terminal, area };
}

describe("the live area of a terminal that is resized", () => {
  it.each([
    ["narrower", [60]],
    ["much narrower", [20]],
    ["narrower step by step", [70, 60, 50, 40, 30]],
    ["wider", [120]],
    ["narrower, then wider", [40, 120, 30, 80]],
  ])("leaves no stale rows: %s", async (_, widths) => {
    const { terminal, area } = open();
    area.update(FRAME);
    await terminal.settle();
    expect(terminal.rows).toEqual(["printed before", ...FRAME.split("\n")]);
    for (const width of widths) {
      await terminal.resize(width);
      const text = terminal.rows.join("");
      expect(text.startsWith("printed before")).toBe(true);
      expect(text.match(/first/g)).toHaveLength(1);
      expect(text.match(/second/g)).toHaveLength(1);
      expect(text.match(/end/g)).toHaveLength(2);
      area.update(`now ${width} columns`);
      await terminal.settle();
      expect(terminal.rows).toEqual(["printed before", `now ${width} columns`]);
      area.update(FRAME);
      await terminal.settle();
    }
    area.clear();
    await terminal.settle();
    expect(terminal.rows).toEqual(["printed before"]);
  });

  it.each([
    ["more", ["a", "b", "c"], ["a", "b1", "b2", "c"]],
    ["fewer", ["a", "b1", "b2", "c"], ["a", "b", "c"]],
    ["more at the end", ["a", "b"], ["a", "b", "c", "d"]],
    ["fewer at the end", ["a", "b", "c", "d"], ["a", "b"]],
  ])(
    "shows what is drawn, and nothing else, when it has %s rows under one that stays",
    async (_, one, other) => {
      const { terminal, area } = open();
      // So that the area is at the bottom, where what gets longer must scroll.
      terminal.stdout.write("above\n".repeat(ROWS));
      for (const frame of [one, other, one]) {
        area.update(frame.join("\n"));
        await terminal.settle();
        expect(terminal.lastRows(frame.length + 1)).toEqual(["above", ...frame]);
      }
      area.clear();
      await terminal.settle();
      expect(terminal.lastRows(1)).toEqual(["above"]);
    },
  );

  it("draws nothing after it was cleared", async () => {
    const { terminal, area } = open();
    area.update(FRAME);
    area.clear();
    await terminal.resize(40);
    expect(terminal.rows).toEqual(["printed before"]);
  });

  it("erases what it drew on a terminal that does not know its size", async () => {
    const { terminal, area } = open();
    terminal.stdout.columns = 0;
    area.update("a\nb");
    await terminal.settle();
    area.clear();
    const written = String(terminal.stdout.read());
    expect(written).not.toContain("Infinity");
    terminal.stdout.write(written);
    await terminal.settle();
    expect(terminal.rows).toEqual(["printed before"]);
  });
});
