import { rmSync, writeFileSync } from "node:fs";

import { join } from "node:path";
import { afterAll, describe, expect, it, vi } from "vitest";
import { CALLS, callsUnderWay } from "../../../scripts/parts/foreign-calls.js";
import { GUARDED_FACTORY, GUARDED_SUITE, guarded } from "../../../scripts/parts/guarded.js";
import { importModule } from "../../../scripts/parts/module-file.js";
import { InputError, RunError } from "../../../sim/core/errors.js";
import { temporaryFolder } from "../../files.js";

const FROM = { module: "./mine.mjs", kind: "suite" };
const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true }));

class Counter {
  readonly name = "counter";
  #n = 0;
  get count() {
    return this.#n;
  }
  add(n: number): number {
    this.#n += n;
    return this.#n;
  }
  fail(): never {
    throw new TypeError("no luck");
  }
  async failLater(): Promise<never> {
    throw new Error("no luck later");
  }
}

describe("what a module made", () => {
  it("is used as before, private state, getters and frozen members included", () => {
    const counter = guarded(new Counter(), {}, FROM);
    expect([counter.name, counter.add(2), counter.add(3), counter.count]).toEqual(["counter", 2, 5, 5]);
    expect(counter).toBeInstanceOf(Counter);
    const frozen = guarded(Object.freeze({ double: (n: number) => 2 * n, unit: "m" }), {}, FROM);
    expect(frozen.double(2)).toBe(4);
    expect(Object.keys({ ...frozen })).toEqual(["double", "unit"]);
    expect("unit" in frozen && !("none" in frozen)).toBe(true);
  });

  it("is named with the hook when it throws, at once or later", async () => {
    const counter = guarded(new Counter(), {}, FROM);
    const named = /^`fail` of the suite in \.\/mine\.mjs failed; got the error "no luck"/;
    expect(() => counter.fail()).toThrow(InputError);
    expect(() => counter.fail()).toThrow(named);
    await expect(counter.failLater()).rejects.toThrow(/^`failLater` of the suite .*"no luck later"/);
    // The record of what is under way is cleared in any case.
    expect([callsUnderWay[CALLS.hook], callsUnderWay[CALLS.awaited]]).toEqual([0, 0]);
  });

  it("is not blamed for errors that say what is wrong, nor for those of what it was given", async () => {
    const known = new RunError({ what: "no space" });
    const ours = new TypeError("our own");
    const thing = guarded(
      {
        known: () => {
          throw known;
        },
        call: (work: () => unknown) => work(),
        await: async (work: () => Promise<unknown>) => await work(),
      },
      {},
      FROM,
    );
    expect(() => thing.known()).toThrow(known);
    const fail = () => {
      throw ours;
    };
    expect(() => thing.call(fail)).toThrow(ours);
    await expect(thing.await(async () => fail())).rejects.toBe(ours);
  });

  it("has scenes, landmarks and learners of its own guarded too, and gets its own objects back", () => {
    const scene = { observe: () => "x".repeat(-1) };
    const task = {
      createScene: () => scene,
      landmarks: { locate: (_: unknown, given: unknown) => given === scene },
    };
    const suite = guarded({ tasks: [task] }, GUARDED_SUITE, FROM);
    const made = suite.tasks[0]!.createScene();
    expect(() => made.observe()).toThrow(/`observe` of the suite in \.\/mine\.mjs failed/);
    expect(suite.tasks[0]!.landmarks.locate([], made)).toBe(true);
    const factory = guarded({ create: () => new Counter() }, GUARDED_FACTORY, FROM);
    expect(() => factory.create().fail()).toThrow(/`fail` of the suite/);
  });

  it("is under way while a hook runs, and not while the hook calls back", () => {
    const seen: (number | undefined)[] = [];
    const note = () => seen.push(callsUnderWay[CALLS.hook]);
    const thing = guarded(
      {
        work: (back: () => void) => {
          note();
          back();
        },
      },
      {},
      FROM,
    );
    thing.work(note);
    expect(seen).toEqual([expect.any(Number), 0]);
    expect(seen[0]).toBeGreaterThan(0);
  });
});

describe("a module whose loading does not end", () => {
  const KIND = { name: "suite", guide: "docs/guides/own-suite.md" };
  const module = (name: string) => {
    const file = join(folder, name);
    writeFileSync(file, "await new Promise(() => {}); export default {};");
    return file;
  };

  it("is refused when nothing is left that could end it", async () => {
    const loading = importModule(module("idle.mjs"), KIND);
    const refused = expect(loading).rejects.toThrow(
      /^Loading of the suite in .*idle\.mjs never ends; got a promise that nothing is left to keep/,
    );
    await vi.waitFor(() => expect(process.listenerCount("beforeExit")).toBeGreaterThan(0));
    process.emit("beforeExit", 0);
    await refused;
  });

  it("is refused after a minute", async () => {
    vi.useFakeTimers();
    try {
      const refused = expect(importModule(module("late.mjs"), KIND)).rejects.toThrow(
        /late\.mjs is not loaded; got no end after 60 s/,
      );
      await vi.advanceTimersByTimeAsync(60_000);
      await refused;
    } finally {
      vi.useRealTimers();
    }
  });
});
