import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type fc from "fast-check";
import type { FuzzKind } from "./kind.js";
import type { Reader } from "./readers.js";
import { isStandin, orStandin, putStandin, type Standin } from "./standins.js";

/** Kinds of cases, each with its own type, behind one interface. */
export function kind<Case>(definition: FuzzKind<Case>): FuzzKind {
  return definition as FuzzKind;
}

/** A kind whose cases are changes of one file of the inputs. */
export function fileKind<Change>(
  name: string,
  file: string,
  changes: fc.Arbitrary<Change>,
  changed: (original: Buffer, change: Change, path: string) => Uint8Array | string | Promise<Uint8Array>,
  { read, writes }: Reader,
): FuzzKind {
  return kind<Change | Standin>({
    name,
    changes: [writes ?? file],
    cases: orStandin(changes),
    async run(folder, one) {
      const path = join(folder, file);
      const original = readFileSync(path);
      if (isStandin(one)) putStandin(folder, path, one);
      else writeFileSync(path, await changed(original, one, path));
      await read(folder);
    },
  });
}
