import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { readGivenFile } from "../../sim/core/documents.js";
import { InputError, UsageError } from "../../sim/core/errors.js";
import { inWords } from "../../sim/core/in-words.js";
import { LARGEST } from "../../sim/core/own-files.js";
import { problemOf } from "../../sim/core/problem.js";
import { isThere } from "../../sim/core/system-errors.js";
import { foreignCall, noteForeignModule } from "./foreign-calls.js";

/** What a module of a user's own is expected to export as its default. */
export interface ModuleKind {
  /** E.g. `suite`. */
  readonly name: string;
  /** The guide that says how to write one. */
  readonly guide: string;
}

/** A module that has been imported. */
export interface ImportedModule {
  /** What it exports as its default; undefined without. */
  readonly value: unknown;
  /** Where it was imported from, so that a thread can do the same. */
  readonly url: string;
}

/** How long a module may take to be loaded, ms. */
const IMPORT_PATIENCE = 60_000;

/** @throws InputError when there is no such module, it cannot be loaded or its loading does not end */
export async function importModule(path: string, { name, guide }: ModuleKind): Promise<ImportedModule> {
  const file = resolve(path);
  const todo = `${guide} says what a ${name} module is`;
  if (!isThere(file)) {
    throw new InputError({
      what: `${path} is missing`,
      got: `no file at ${file}`,
      expected: `a module that exports a ${name}`,
      todo,
    });
  }
  // Node would read a pipe or an endless device until the memory is full.
  readGivenFile(file, LARGEST.document, { expected: `a module that exports a ${name}`, todo });
  const url = pathToFileURL(file).href;
  noteForeignModule(url, path);
  const imported: Promise<{ readonly default?: unknown }> = import(url);
  const loading = imported.catch((cause: unknown) => {
    throw new InputError({
      what: `${path} cannot be loaded`,
      got: `the error "${problemOf(cause)}"`,
      expected: `a module that exports a ${name}`,
      todo,
      cause,
    });
  });
  const call = foreignCall({ module: path, kind: name, hook: "Loading" });
  const { default: value } = await inTime(call.wait(loading), path);
  return { value, url };
}

/** @throws InputError when what a module awaits while it is loaded takes too long */
async function inTime<T>(loading: Promise<T>, path: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const error = new InputError({
      what: `${path} is not loaded`,
      got: `no end after ${IMPORT_PATIENCE / 1000} s`,
      expected: "a module that is soon loaded",
      todo: "Correct what it awaits outside of its functions",
    });
    // Not by itself a reason for the process to go on.
    timer = setTimeout(reject, IMPORT_PATIENCE, error).unref();
  });
  try {
    return await Promise.race([loading, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** One thing that a default export must have. */
export interface Requirement {
  readonly member: string;
  readonly expected: string;
  readonly holds: (value: unknown) => boolean;
}

/** @throws InputError that names the first member that is missing or wrong */
export function checkMembers(
  value: unknown,
  path: string,
  { name, guide }: ModuleKind,
  requirements: readonly Requirement[],
): void {
  const todo = `${guide} says what a ${name} module is`;
  const needed = requirements.filter(({ holds }) => !holds(undefined));
  if (typeof value !== "object" || value === null) {
    throw new InputError({
      what: `${path} exports no ${name}`,
      got: `a default export that is ${inWords(value)}`,
      expected: `an object with ${needed.map(({ member }) => member).join(", ")}`,
      todo,
    });
  }
  for (const { member, expected, holds } of requirements) {
    const found: unknown = Reflect.get(value, member);
    if (holds(found)) continue;
    throw new InputError({
      what: `${path} exports a ${name} that cannot be used`,
      got: `${member} is ${inWords(found)}`,
      expected: `${member}: ${expected}`,
      todo,
    });
  }
}

/**
 * Does something with what a module exports. What is wrong with it is the module's fault and not that of the call.
 * @throws InputError naming the module in place of a UsageError or of an InputError that does not
 */
export function blamingModule<T>(path: string, { name, guide }: ModuleKind, use: () => T): T {
  try {
    return use();
  } catch (cause) {
    if (!(cause instanceof UsageError || cause instanceof InputError)) throw cause;
    const { what, todo, ...found } = cause.details;
    if (cause instanceof InputError && what.includes(path)) throw cause;
    throw new InputError({
      ...found,
      what: `${path} exports a ${name} that cannot be used: ${what}`,
      todo: todo ?? `${guide} says what a ${name} module is`,
      cause,
    });
  }
}
