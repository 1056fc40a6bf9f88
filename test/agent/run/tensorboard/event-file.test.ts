import { appendFileSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";

import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { EventFile, type ScalarEvent } from "../../../../agent/run/tensorboard/event-file.js";
import { temporaryFolder } from "../../../files.js";
import { readEvents } from "./read-events.js";

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true }));

const EVENTS: readonly ScalarEvent[] = [
  { step: 0, values: { "baseline/return/a": -1.5 } },
  { step: 300, values: { "learn/return/a": 0.1, "learn/success/a": 0 } },
  { step: 5_000_000_000, values: { "learn/return/a": 1e30 } },
];

function write(name: string, past: readonly ScalarEvent[], then: readonly ScalarEvent[]): string {
  const path = join(folder, name);
  const file = new EventFile(path, past);
  for (const event of then) file.append(event);
  file.close();
  return path;
}

it("writes what a reader of its own finds, with a version first", () => {
  const [first, ...rest] = readEvents(write("all", [], EVENTS));
  expect(first).toEqual({ wallTime: 0, step: 0, fileVersion: "brain.Event:2", values: {} });
  expect(rest).toEqual(
    EVENTS.map(({ step, values }) => ({
      wallTime: step,
      step,
      values: Object.fromEntries(Object.entries(values).map(([tag, v]) => [tag, Math.fround(v)])),
    })),
  );
});

it.each([0, -0, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e-45])(
  "writes %d",
  (value) => {
    const [, event] = readEvents(
      write(`value ${Object.is(value, -0) ? "-0" : value}`, [], [{ step: 1, values: { a: value, b: 1 } }]),
    );
    expect(event?.values).toEqual({ a: Math.fround(value), b: 1 });
    expect(Object.is(event?.values.a, Math.fround(value))).toBe(true);
  },
);

it("has the bytes of a known event", () => {
  // Checked with Python's protobuf 4.21 and crc32c 2.3: Event(wall_time=2, step=2, summary=[("a", 1.0)]).
  const bytes = readFileSync(write("known", [], [{ step: 2, values: { a: 1 } }])).subarray(-39);
  expect(bytes.toString("hex")).toBe(
    "1700000000000000e7cef81e09000000000000004010022a0a0a080a0161150000803f7624a74b",
  );
});

it("goes on in place after its past, and makes what differs anew", () => {
  const whole = readFileSync(write("whole", [], EVENTS));
  const path = write("resumed", [], EVENTS);
  const { ino } = statSync(path);
  appendFileSync(path, "torn");
  write("resumed", EVENTS.slice(0, 1), EVENTS.slice(1));
  expect(readFileSync(path).equals(whole)).toBe(true);
  expect(statSync(path).ino).toBe(ino);
  writeFileSync(path, whole.subarray(0, 50));
  write("resumed", EVENTS.slice(0, 2), EVENTS.slice(2));
  expect(readFileSync(path).equals(whole)).toBe(true);
  writeFileSync(path, Buffer.alloc(whole.length, 7));
  write("resumed", EVENTS, []);
  expect(readFileSync(path).equals(whole)).toBe(true);
});

it("says what is wrong with a path it cannot write, and with use after close", () => {
  mkdirSync(join(folder, "taken"));
  expect(() => new EventFile(join(folder, "taken"), [])).toThrow(
    /taken is not a file of its own; got a folder/,
  );
  const file = new EventFile(join(folder, "closed"), []);
  file.close();
  file.close();
  expect(() => file.append(EVENTS[0]!)).toThrow(/closed is used after close/);
});
