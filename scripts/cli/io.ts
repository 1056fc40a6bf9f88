import { printable } from "../../sim/core/shown.js";
import { PLAIN_WIDTH, wrap } from "../compare/text.js";

/** An area at the bottom of a terminal that is drawn over and over. */
export interface LiveArea {
  update(text: string): void;
  /** Removes what was drawn. */
  clear(): void;
}

/** What a command may use of its process; it returns its exit code and never exits. */
export interface Io {
  /** Prints lines to standard output. */
  readonly out: (text: string) => void;
  /** Prints lines to standard error. */
  readonly err: (text: string) => void;
  /** Width of standard output, and of standard error: that of the terminal, or `PLAIN_WIDTH` where it is none. */
  readonly columns: () => number;
  readonly errorColumns: () => number;
  /** Present when standard output is a terminal. */
  readonly live: LiveArea | undefined;
  /** Whether stack traces of errors are printed that are meant for a user. */
  readonly debug: boolean;
  /** Asks a question that is answered with yes or no; present when somebody sits at the terminal. */
  readonly confirm?: (question: string) => Promise<boolean>;
  /** Whether a page that is opened is likely to be seen: at a terminal, and not where `CI` is set, as services that test changes do. */
  readonly attended?: boolean;
  /** A clock in ms. */
  readonly now: () => number;
  /**
   * From the first call on, `STOP_SIGNALS` abort this signal, with their name as reason, and no longer kill. So does
   * standard output when nobody reads it any more, as SIGPIPE.
   */
  readonly stopSignal: () => AbortSignal;
}

/** The same process, given nothing that could steer a terminal: names and values of files are printed everywhere. */
export function printing<Printer extends Pick<Io, "out" | "err" | "live">>(io: Printer): Printer {
  const { live } = io;
  return {
    ...io,
    out: (text: string) => io.out(printable(text)),
    err: (text: string) => io.err(printable(text)),
    live: live && { update: (text: string) => live.update(printable(text)), clear: () => live.clear() },
  };
}

/** Prints text whose lines may be broken at spaces to standard output. */
export function say(io: Pick<Io, "out" | "columns">, text: string): void {
  io.out(wrap(text, io.columns()));
}

/** The same to standard error. */
export function sayError(io: Pick<Io, "err" | "errorColumns">, text: string): void {
  io.err(wrap(text, io.errorColumns()));
}

/** Prints what a command does, to standard error, and the command in a line of its own, whole, so that it can be copied. */
export function suggest(io: Pick<Io, "err" | "errorColumns">, text: string, command: string): void {
  sayError(io, `${text}:`);
  io.err(`  ${command}`);
}

/** Prints warnings. */
export function warner(io: Io): (text: string) => void {
  return (text) => sayError(io, `warning: ${text}`);
}

/** A process without a terminal that prints nothing and is never stopped. */
export const SILENT_IO: Io = {
  out: () => {},
  err: () => {},
  live: undefined,
  debug: false,
  columns: () => PLAIN_WIDTH,
  errorColumns: () => PLAIN_WIDTH,
  now: () => 0,
  stopSignal: () => new AbortController().signal,
};
