import { closeSync, fstatSync, openSync, readSync } from "node:fs";

const NEWLINE = 0x0a;

/** What was appended to a log since it was looked at before. */
export interface Appended {
  /** True when the log is another one than before or was cut back: `lines` then begins at its start. */
  readonly restarted: boolean;
  /** Whole lines, without line ends. */
  readonly lines: readonly string[];
}

/** Reads an append-only file bit by bit, while another process writes it. */
export class LogTail {
  readonly #path: string;
  /** Bytes read so far, always at the end of a line. */
  #at = 0;
  /** Tells the file from another of the same name. */
  #inode: number | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /** Lines finished since the last call; none while the file is not there or cannot be read. */
  read(): Appended {
    let file: number | undefined;
    try {
      file = openSync(this.#path, "r");
      return this.#readFrom(file);
    } catch {
      // One that comes back later is not the same, whatever its inode.
      this.#inode = undefined;
      return { restarted: false, lines: [] };
    } finally {
      if (file !== undefined) closeSync(file);
    }
  }

  #readFrom(file: number): Appended {
    const { size, ino } = fstatSync(file);
    // `train --resume` cuts the log back to the last checkpoint.
    const restarted = this.#at > 0 && (size < this.#at || ino !== this.#inode);
    if (restarted) this.#at = 0;
    this.#inode = ino;
    const bytes = Buffer.alloc(size - this.#at);
    const read = bytes.subarray(0, readSync(file, bytes, 0, bytes.length, this.#at));
    const end = read.lastIndexOf(NEWLINE) + 1;
    this.#at += end;
    const text = read.toString("utf8", 0, end);
    return { restarted, lines: text.split("\n").filter((line) => line !== "") };
  }
}
