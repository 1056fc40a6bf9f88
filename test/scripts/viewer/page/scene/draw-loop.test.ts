import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { DrawLoop } from "../../../../../scripts/viewer/page/scene/draw-loop.js";
import { LEVELS, type Quality } from "../../../../../scripts/viewer/page/scene/quality.js";

let now = 0;
let playing = true;
let spare = false;
let ticks: number[] = [];
let drawn: Quality[] = [];
let loop: DrawLoop;
let waiting: ((now: number) => void) | undefined;

beforeEach(() => {
  vi.useFakeTimers();
  [now, playing, spare, waiting] = [0, true, false, undefined];
  loop = new DrawLoop(
    (ms) => {
      ticks.push(ms);
      if (playing) loop.invalidate();
    },
    (quality) => drawn.push(quality),
    () => spare,
    (run) => {
      expect(waiting).toBeUndefined();
      waiting = run;
    },
  );
  loop.start();
  show(1, 0);
  [ticks, drawn] = [[], []];
});
afterEach(() => vi.useRealTimers());

/** Lets a screen show frames `ms` apart. */
function show(frames: number, ms: number): void {
  for (let i = 0; i < frames; i++) {
    now += ms;
    vi.advanceTimersByTime(ms);
    const run = waiting;
    waiting = undefined;
    run?.(now);
  }
}

it("draws every frame of a quick machine, at its best, whether it is to be sparing or not", () => {
  spare = true;
  show(30, 16);
  expect(ticks).toEqual(new Array(30).fill(16));
  expect(drawn).toEqual(new Array(30).fill(LEVELS[0]));
});

it("draws every frame of a slow machine more coarsely, but one a second where it is to be sparing", () => {
  show(10, 150);
  expect(drawn.at(-1)).toBe(LEVELS.at(-1));
  show(25, 50);
  expect(ticks).toHaveLength(35);
  spare = true;
  show(100, 50);
  // No time is lost.
  expect(ticks.slice(35)).toEqual(new Array(5).fill(1000));
  spare = false;
  show(21, 50);
  expect(ticks.slice(40)).toEqual([1000, 50]);
});

it("shows at once what else has changed while it is sparing", () => {
  show(10, 150);
  spare = true;
  show(2, 50);
  const before = drawn.length;
  show(2, 50);
  expect(drawn).toHaveLength(before);
  loop.invalidate();
  show(1, 50);
  expect(drawn).toHaveLength(before + 1);
});

it("draws what has come to rest once more at its best, and then asks for no frame until something changes", () => {
  show(10, 150);
  playing = false;
  show(20, 50);
  expect(drawn.slice(10)).toEqual([LEVELS[0]]);
  expect(waiting).toBeUndefined();
  const before = ticks.length;
  show(100, 50);
  expect(ticks).toHaveLength(before);
  loop.invalidate();
  loop.invalidate();
  show(1, 50);
  expect(drawn).toHaveLength(12);
  // The rest is not time that passes.
  expect(ticks.slice(before)).toEqual([0]);
});
