import { describe, expect, it } from "vitest";
import { mixtureAt, nearestTo } from "../../../agent/model/barycentric.js";
import { Rng } from "../../../sim/core/rng.js";

const random = Rng.fromSeed(4);
const pointsIn = (D: number, n: number) =>
  Array.from({ length: n }, () => Array.from({ length: D }, () => 2 * random.uniform() - 1));
const sum = (values: ArrayLike<number>) => Array.from(values).reduce((a, b) => a + b, 0);

/** Σ ℓ_j x_j */
const mixed = (points: readonly number[][], shares: Float64Array) =>
  points[0]!.map((_, d) => sum(points.map((point, j) => shares[j]! * point[d]!)));

describe("a mixture of points on a line", () => {
  const points = [[0.8], [-1], [0.2], [0.5]];
  it.each([
    { place: 0.5, shares: [0, 0, 0, 1] },
    { place: 0.35, shares: [0, 0, 0.5, 0.5] },
    { place: -0.7, shares: [0, 0.75, 0.25, 0] },
    { place: 0.95, shares: [1.5, 0, 0, -0.5] },
    { place: -2.2, shares: [0, 2, -1, 0] },
  ])("at $place is that of the points to both sides, or beyond the ends of the two nearest", (each) => {
    const shares = mixtureAt(points, [each.place]);
    for (const [j, share] of each.shares.entries()) expect(shares[j]).toBeCloseTo(share, 12);
  });

  it("is the point where there is only one, and leaves out points that lie where another does", () => {
    expect([...mixtureAt([[0.3]], [0.9])]).toEqual([1]);
    expect([...mixtureAt([[0.3], [0.3]], [0.9])]).toEqual([1, 0]);
    expect([...mixtureAt([[0], [0], [1]], [0.25])]).toEqual([0.75, 0, 0.25]);
  });
});

describe.each([2, 3])("a mixture of points with %i coordinates", (D) => {
  it("has shares that sum to 1, and inside of the points is the place itself", () => {
    for (let trial = 0; trial < 20; trial++) {
      const points = pointsIn(D, 9);
      // In the simplex of the first points, and so inside.
      const weights = Array.from({ length: D + 1 }, () => random.uniform());
      const place = points[0]!.map((_, d) => sum(weights.map((w, j) => (w / sum(weights)) * points[j]![d]!)));
      const shares = mixtureAt(points, place);
      expect(sum(shares)).toBeCloseTo(1, 9);
      expect(Math.min(...shares)).toBeGreaterThan(-1e-8);
      expect([...shares].filter((share) => share !== 0).length).toBeLessThanOrEqual(D + 1);
      for (const [d, x] of mixed(points, shares).entries()) expect(x).toBeCloseTo(place[d]!, 9);
    }
  });

  it("is one point to the bit where the place is that point", () => {
    const points = pointsIn(D, 7);
    for (const [j, point] of points.entries())
      expect([...mixtureAt(points, point)]).toEqual(points.map((_, k) => Number(k === j)));
  });
});

it("a mixture in the plane is taken from a triangle whose circumcircle holds no other point", () => {
  let triangles = 0;
  for (let trial = 0; trial < 30; trial++) {
    const points = pointsIn(2, 10);
    const place = [0.2 * random.uniform(), 0.2 * random.uniform()];
    const shares = mixtureAt(points, place);
    const corners = points.filter((_, j) => shares[j] !== 0);
    if (corners.length < 3 || Math.abs(mixed(points, shares)[0]! - place[0]!) > 1e-9) continue;
    triangles++;
    const [[ax, ay], [bx, by], [cx, cy]] = corners as [[number, number], [number, number], [number, number]];
    const d = 2 * (ax * (by - cy) + bx * (cy - ay) + cx * (ay - by));
    const x =
      ((ax ** 2 + ay ** 2) * (by - cy) + (bx ** 2 + by ** 2) * (cy - ay) + (cx ** 2 + cy ** 2) * (ay - by)) /
      d;
    const y =
      ((ax ** 2 + ay ** 2) * (cx - bx) + (bx ** 2 + by ** 2) * (ax - cx) + (cx ** 2 + cy ** 2) * (bx - ax)) /
      d;
    const radius = Math.hypot(ax - x, ay - y);
    for (const [px, py] of points as [number, number][])
      expect(Math.hypot(px - x, py - y)).toBeGreaterThan(radius - 1e-9);
  }
  expect(triangles).toBeGreaterThan(20);
});

it("outside of all triangles the three nearest points count by one over their distance", () => {
  const points = [
    [0, 0],
    [1, 0],
    [0, 1],
    [-1, -1],
    [0.2, 0.2],
  ];
  const shares = mixtureAt(points, [3, 0]);
  const inverse = [1 / 3, 1 / 2, 0, 0, 1 / Math.hypot(2.8, 0.2)];
  for (const [j, value] of inverse.entries()) expect(shares[j]).toBeCloseTo(value / sum(inverse), 12);
  // Points in a row span no triangle.
  const row = mixtureAt(
    [
      [0, 0],
      [0.5, 0.5],
      [1, 1],
    ],
    [0.5, 0],
  );
  expect(sum(row)).toBeCloseTo(1, 12);
  expect(row[0]).toBeCloseTo(row[1]!, 12);
});

it("the nearest of equally near points is the first", () => {
  expect(
    nearestTo(
      [
        [1, 0],
        [0, 1],
        [5, 5],
      ],
      [0, 0],
    ),
  ).toBe(0);
  expect(
    nearestTo(
      [
        [1, 0],
        [0, 0.5],
        [5, 5],
      ],
      [0, 0],
    ),
  ).toBe(1);
});
