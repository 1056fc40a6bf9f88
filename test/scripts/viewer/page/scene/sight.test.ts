import { describe, expect, it } from "vitest";
import { clearestDirection, isInTheWay } from "../../../../../scripts/viewer/page/scene/sight.js";
import { body, episodeOf, shape } from "../episode-data.js";

const HALF = Math.SQRT1_2;

describe("isInTheWay", () => {
  const origin = { position: [0, 0, 0], rotation: [0, 0, 0, 1] } as const;

  it("is true of a box that the ray meets, and of none behind its start", () => {
    const box = shape([0.2, 2, 2], [1, 0, 0]);
    expect(isInTheWay(box, origin, [0, 0, 0], [1, 0, 0])).toBe(true);
    expect(isInTheWay(box, origin, [0, 0, 0], [-1, 0, 0])).toBe(false);
    expect(isInTheWay(box, origin, [0, 3, 0], [1, 0, 0])).toBe(false);
  });

  it("takes the turns of shape and body into account", () => {
    // A quarter turn about z takes the box from x to y, and its thin side with it.
    const turned = { position: [0, 0, 0], rotation: [0, 0, HALF, HALF] } as const;
    const box = shape([0.2, 2, 2], [1, 0, 0]);
    expect(isInTheWay(box, turned, [0, 0, 0], [0, 1, 0])).toBe(true);
    expect(isInTheWay(box, turned, [0.9, 0, 0], [0, 1, 0])).toBe(true);
    expect(isInTheWay(box, turned, [0, 0, 0], [1, 0, 0])).toBe(false);
  });
});

describe("clearestDirection", () => {
  it("looks past a wall, and prefers the first of equals", () => {
    const directions = [
      [1, 0, 0.2],
      [-1, 0, 0.2],
    ] as const;
    const arm = body("link7", false, shape([0.1, 0.1, 0.1]));
    const wall = body("wall", true, shape([0.1, 4, 4]));
    const at = (x: number) => [
      [
        [x, 0, 0],
        [0, 0, 0],
      ],
      [
        [x, 0.1, 0],
        [0, 0, 0],
      ],
    ];
    expect(clearestDirection(episodeOf([arm, wall], at(-0.5)), directions)).toEqual(directions[1]);
    expect(clearestDirection(episodeOf([arm, wall], at(0.5)), directions)).toEqual(directions[0]);
    expect(clearestDirection(episodeOf([arm], [[[0, 0, 0]]]), directions)).toEqual(directions[0]);
  });
});
