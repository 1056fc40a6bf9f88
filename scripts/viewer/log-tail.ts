import { type OpenFile, withRegularFile } from "../../sim/core/own-files.js";

const NEWLINE = 0x0a;
/** Of a long log the rest comes with the next looks, so that one look never takes long; a whole run writes less. */
const MOST_BYTES = 2 ** 24;

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
    try {
      return withRegularFile(this.#path, (file) => this.#readFrom(file));
    } catch {
      // One that comes back later is not the same, whatever its inode.
      this.#inode = undefined;
      return { restarted: false, lines: [] };
    }
  }

  #readFrom({ size, inode, read }: OpenFile): Appended {
    // `train --resume` cuts the log back to the last checkpoint.
    const restarted = this.#at > 0 && (size < this.#at || inode !== this.#inode);
    if (restarted) this.#at = 0;
    this.#inode = inode;
    const bytes = read(this.#at, MOST_BYTES);
    const end = bytes.lastIndexOf(NEWLINE) + 1;
    this.#at += end;
    const text = bytes.toString("utf8", 0, end);
    return { restarted, lines: text.split("\n").filter((line) => line !== "") };
  }
}
