import { clearScreenDown, moveCursor } from "node:readline";
import { createLogUpdate } from "log-update";
import stringWidth from "string-width";
import wrapAnsi from "wrap-ansi";
import { PLAIN_WIDTH } from "../compare/text.js";
import type { LiveArea } from "./io.js";

/** A terminal; emits `resize` after its number of columns has changed. */
export type Terminal = NodeJS.WritableStream & { readonly columns: number };

const LIVE_WIDTH = 30;

/**
 * Columns of what is drawn over and over, whatever the terminal's. Terminals break lines that become too long before they
 * tell the new width (tmux a quarter of a second before), and a drawing in between leaves rows behind; lines this short
 * fit in any terminal.
 */
export function liveWidth(columns: number): number {
  return Math.min(columns, LIVE_WIDTH);
}

/**
 * An area drawn by log-update, which stays the only one when the terminal gets narrower: the terminal then breaks the
 * lines that were drawn into more rows than log-update knows of, and these would stay.
 */
export function liveArea(stream: Terminal): LiveArea {
  const draw = createLogUpdate(stream);
  let text: string | undefined;
  let drawn: readonly string[] = [];
  let due: NodeJS.Immediate | undefined;

  // A terminal that does not know its size says 0.
  const columns = () => stream.columns || PLAIN_WIDTH;
  const redraw = () => {
    due = undefined;
    if (text === undefined) return;
    const rows = wrapAnsi(text, columns(), { hard: true, trim: false, wordWrap: false }).split("\n");
    // log-update keeps first rows that are the same as before, and then loses count where other rows have become more or fewer.
    if (rows.length !== drawn.length) draw.clear();
    draw(text);
    drawn = rows;
  };
  const erase = () => {
    draw.clear();
    const rows = drawn.map((line) => Math.max(1, Math.ceil(stringWidth(line) / columns())));
    const more = rows.reduce((sum, n) => sum + n, 0) - drawn.length;
    drawn = [];
    if (more <= 0) return;
    moveCursor(stream, 0, -more);
    clearScreenDown(stream);
  };
  stream.on("resize", () => {
    erase();
    redraw();
  });
  return {
    // After the signals that wait: a change of size among them must be noticed before the next drawing.
    update: (next) => {
      text = next;
      due ??= setImmediate(redraw);
    },
    clear: () => {
      clearImmediate(due);
      due = undefined;
      text = undefined;
      erase();
    },
  };
}
