import { describe, expect, it } from "vitest";
import {
  fitCamera,
  frameOf,
  joinFrames,
  VIEWS,
  viewDirection,
} from "../../../../../scripts/viewer/page/scene/framing.js";
import { cornersOf, unit } from "../../../../../scripts/viewer/page/scene/vectors.js";
import { add, cross, dot, scale, sub, type Vec3 } from "../../../../../sim/core/math/vector.js";
import { body, episodeOf, shape } from "../episode-data.js";

const cube = shape([0.2, 0.2, 0.2]);

describe("frameOf", () => {
  it("holds what moves over the whole episode, the goal, and the ground under everything", () => {
    const bodies = [
      body("table", true, shape([10, 10, 0.5], [0, 0, -0.25])),
      body("goal", true, shape([0.1, 0.1, 0.1])),
      body("block", false, cube),
    ];
    const at = (x: number) => [
      [0, 0, 0],
      [0, 1, 0.1],
      [x, 0, 0.1],
    ];
    const { box, ground, travels } = frameOf(episodeOf(bodies, [at(0), at(0.4), at(0.2)]));
    expect(ground).toBeCloseTo(-0.5, 6);
    expect(travels).toBe(false);
    expect(box.min[0]).toBeGreaterThan(-0.3);
    expect(box.max[0]).toBeGreaterThanOrEqual(0.5 - 1e-6);
    expect(box.max[0]).toBeLessThan(0.7);
    expect(box.max[1]).toBeGreaterThanOrEqual(1.05 - 1e-6);
    expect(box.max[1]).toBeLessThan(1.2);
  });

  it("stays with a robot that travels", () => {
    const positions = Array.from({ length: 50 }, (_, i) => [[i / 5, 0, 0]]);
    const { box, travels, plane } = frameOf(episodeOf([body("torso", false, cube)], positions));
    expect(travels).toBe(true);
    expect(box.max[0] - box.min[0]).toBeLessThan(0.5);
    expect(plane).toBe("xz");
  });

  it("has room for what swings about a robot that travels", () => {
    // A cart below, and a ball that goes round it at a distance of 1 m.
    const positions = Array.from({ length: 60 }, (_, i) => [
      [i / 2, 0, 0],
      [i / 2 + Math.sin(i / 3), 0, -Math.cos(i / 3)],
    ]);
    const bodies = [body("cart", false, cube), body("ball", false, cube)];
    const { box, travels } = frameOf(episodeOf(bodies, positions));
    expect(travels).toBe(true);
    const middle = [0, 0, -0.5];
    for (const axis of [0, 2]) {
      // Each is half a metre from the middle of both.
      expect(box.min[axis]).toBeLessThan(middle[axis]! - 0.5);
      expect(box.max[axis]).toBeGreaterThan(middle[axis]! + 0.5);
    }
    expect(box.max[0] - box.min[0]).toBeLessThan(3);
  });

  it("knows the plane of a motion", () => {
    const flat = (axes: readonly number[]) =>
      Array.from({ length: 20 }, (_, i) => [
        [0, 1, 2].map((a) => (axes.includes(a) ? Math.sin(i * (a + 1)) : 0.5)),
      ]);
    const planeOf = (axes: readonly number[]) =>
      frameOf(episodeOf([body("b", false, cube)], flat(axes))).plane;
    expect(planeOf([0, 1])).toBe("xy");
    expect(planeOf([0, 2])).toBe("xz");
    expect(planeOf([0, 1, 2])).toBeUndefined();
  });

  it("shows something of an episode without bodies, without shapes, or without finite poses", () => {
    const nan = [[Number.NaN, 0, 0]];
    for (const episode of [
      episodeOf([], [[], []]),
      episodeOf([body("b", false)], [[[0, 0, 0]], [[1, 0, 0]]]),
      episodeOf([body("b", false, cube)], [nan, nan]),
    ]) {
      const { box } = frameOf(episode);
      expect(box.min.every((v, i) => Number.isFinite(v) && v < box.max[i]!)).toBe(true);
    }
  });

  it("joins two, unless a robot travels", () => {
    const still = frameOf(episodeOf([body("b", false, cube)], [[[0, 0, 0]], [[0.1, 0, 0]]]));
    const other = frameOf(episodeOf([body("b", false, cube)], [[[0, 2, 0]], [[0.1, 2, 0]]]));
    expect(joinFrames(still, other)?.box.max[1]).toBeCloseTo(other.box.max[1], 6);
    expect(joinFrames(still, other)?.box.min[1]).toBeCloseTo(still.box.min[1], 6);
    expect(joinFrames(still, { ...other, travels: true })).toBeUndefined();
  });
});

describe("fitCamera", () => {
  const box = { min: [-1, -0.2, 0], max: [2, 0.4, 0.9] } as const;
  const fov = 0.6;
  /** A point on the picture, its edges at ±1. */
  const project = (p: Vec3, position: Vec3, target: Vec3, aspect: number): [number, number] => {
    const back = unit(sub(position, target));
    const right = unit(cross([0, 0, 1], back));
    const v = sub(p, position);
    const depth = -dot(v, back);
    const tan = Math.tan(fov / 2);
    return [dot(v, right) / (depth * tan * aspect), dot(v, cross(back, right)) / (depth * tan)];
  };

  it.each(VIEWS.flatMap((view) => [0.5, 1, 2.5].map((aspect) => [view, aspect] as const)))(
    "shows all of a box from %s in a picture of %f to 1, and not from needlessly far",
    (view, aspect) => {
      const direction = viewDirection(view, { plane: undefined, clearest: [0.8, -0.85, 0.62] });
      const { position, target } = fitCamera({ ...box }, direction, fov, aspect);
      const reach = (from: Vec3) =>
        Math.max(...cornersOf({ ...box }).flatMap((c) => project(c, from, target, aspect).map(Math.abs)));
      expect(reach(position)).toBeLessThanOrEqual(1);
      expect(reach(add(target, scale(sub(position, target), 0.85)))).toBeGreaterThan(0.95);
    },
  );
});
