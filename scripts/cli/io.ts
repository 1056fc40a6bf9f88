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
  /** Present when standard output is a terminal. */
  readonly live: LiveArea | undefined;
  /** A clock in ms. */
  readonly now: () => number;
  /**
   * From the first call on, SIGINT and SIGTERM abort this signal, with their name as reason, and no longer kill. So
   * does standard output when nobody reads it any more, as SIGPIPE.
   */
  readonly stopSignal: () => AbortSignal;
}

const SIGNAL_CODES: Readonly<Record<string, number>> = { SIGINT: 130, SIGPIPE: 141, SIGTERM: 143 };

/** Exit code of a process that ends because of a signal, as shells count. */
export function signalCode(name: unknown): number {
  return SIGNAL_CODES[String(name)] ?? 1;
}

/** Prints warnings, one line each. */
export function warner(io: Io): (text: string) => void {
  return (text) => io.err(`warning: ${text}`);
}
