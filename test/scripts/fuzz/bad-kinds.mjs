// Kinds of inputs that a program mishandles in every way that a campaign must notice. The case is a number.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { InputError } from "#dist/sim/core/errors.js";

const handlers = {
  refused: () => {
    throw new InputError({ what: "wrong" });
  },
  harmless: () => {},
  trace: () => {
    throw new TypeError("not meant for users");
  },
  hang: () => {
    for (;;);
  },
  memory: () => {
    const taken = [];
    for (let i = 0; i < 64; i++) taken.push(Buffer.alloc(16 * 2 ** 20, 1));
  },
  escaped: (folder) => writeFileSync(join(folder, "victim/thesis.tex"), "Mine now.\n"),
  ended: () => process.exit(5),
};

export const kinds = Object.entries(handlers).map(([name, run]) => ({
  name,
  cases: fc.nat(),
  run: async (folder) => run(folder),
}));
