import { shown } from "./shown.js";

/** Exit codes of the command line: a wrong call, bad input, a failed run. */
export const EXIT = { usage: 2, input: 3, run: 1 } as const;

/** The parts of an error message, each a phrase of its own. */
export interface ErrorDetails {
  /** What went wrong, as a noun phrase or short sentence. */
  readonly what: string;
  /** What was found. */
  readonly got?: string;
  /** What would have been right. */
  readonly expected?: string;
  /** What the reader should do next. */
  readonly todo?: string;
  readonly cause?: unknown;
}

/** Base of every error meant for a user: says what, got, expected and what to do. */
export class HyperCrlError extends Error {
  readonly exitCode: number;
  readonly details: ErrorDetails;

  constructor(details: ErrorDetails, exitCode: number) {
    const parts = shownDetails(details);
    super(formatDetails(parts), details.cause === undefined ? undefined : { cause: details.cause });
    this.name = new.target.name;
    this.details = parts;
    this.exitCode = exitCode;
  }
}

/** The call itself is wrong: unknown name, ill-typed or out-of-range setting (exit code 2). */
export class UsageError extends HyperCrlError {
  constructor(details: ErrorDetails) {
    super(details, EXIT.usage);
  }
}

/** A file or folder cannot be used: damaged, truncated, another schema, not to be written (exit code 3). */
export class InputError extends HyperCrlError {
  constructor(details: ErrorDetails) {
    super(details, EXIT.input);
  }
}

/** A run failed while running: non-finite values, no disk space, a replay that differs (exit code 1). */
export class RunError extends HyperCrlError {
  constructor(details: ErrorDetails) {
    super(details, EXIT.run);
  }
}

/** Most characters of a part: lists of what is expected and commands to copy may be long, what was found is kept short. */
const MOST = { what: 1000, got: 500, expected: 2000, todo: 5000 } as const;

/** Any part may quote a file or a name: none reaches a terminal as it is. */
function shownDetails(details: ErrorDetails): ErrorDetails {
  const parts: { -readonly [Part in keyof ErrorDetails]: ErrorDetails[Part] } = { ...details };
  for (const part of ["what", "got", "expected", "todo"] as const) {
    const text = details[part];
    if (text !== undefined) parts[part] = shown(text, MOST[part]);
  }
  return parts;
}

/** The error of an exit code, for what comes from another thread, where classes are lost. */
export function errorWithCode(details: ErrorDetails, exitCode: number): HyperCrlError {
  if (exitCode === EXIT.usage) return new UsageError(details);
  return exitCode === EXIT.input ? new InputError(details) : new RunError(details);
}

function formatDetails({ what, got, expected, todo }: ErrorDetails): string {
  let text = what;
  if (got !== undefined) text += `; got ${got}`;
  if (expected !== undefined) text += `; expected ${expected}`;
  if (todo !== undefined) text += `. ${todo}`;
  return /[.?]$/.test(text) ? text : `${text}.`;
}
