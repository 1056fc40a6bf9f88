import { beforeEach, expect, it } from "vitest";
import { DrawLoop } from "../../../../scripts/viewer/page/draw-loop.js";
import { LEVELS, type Quality } from "../../../../scripts/viewer/page/quality.js";

let now = 0;
let spare = false;
let ticks: number[] = [];
let drawn: Quality[] = [];
let loop: DrawLoop;

beforeEach(() => {
  [now, spare, ticks, drawn] = [0, false, [], []];
  loop = new DrawLoop(
    (ms) => {
      ticks.push(ms);
      loop.invalidate();
    },
    (quality) => drawn.push(quality),
    () => spare,
  );
  loop.frame(now);
  [ticks, drawn] = [[], []];
});

/** Shows frames `ms` apart. */
function show(frames: number, ms: number): void {
  for (let i = 0; i < frames; i++) {
    now += ms;
    loop.frame(now);
  }
}

it("draws every frame of a quick machine, at its best, whether it is to be sparing or not", () => {
  spare = true;
  show(30, 16);
  expect(ticks).toEqual(new Array(30).fill(16));
  expect(drawn).toEqual(new Array(30).fill(LEVELS[0]));
});

it("draws every frame of a slow machine more coarsely, but five a second where it is to be sparing", () => {
  show(10, 150);
  expect(drawn.at(-1)).toBe(LEVELS.at(-1));
  show(25, 40);
  expect(ticks).toHaveLength(35);
  spare = true;
  show(25, 40);
  // No time is lost.
  expect(ticks.slice(35)).toEqual(new Array(5).fill(200));
  spare = false;
  show(3, 40);
  expect(ticks.slice(40)).toEqual([40, 40, 40]);
});
