import { elementAt } from "../../sim/core/element.js";
import { rankBy } from "../../sim/core/rank.js";

/** A point and how much of it is in a mixture. */
interface Share {
  /** Its number. */
  readonly point: number;
  readonly share: number;
}

/** Simplices that are tried at most; of more points than that allows, the nearest ones count. */
const MOST_SIMPLICES = 20_000;
/** A share this little below 0 is a rounding error. */
const ROUNDING = 1e-9;

/**
 * Shares ℓ of n points x_j in a mixture for the place c, with Σ ℓ_j = 1: how a function that is known at the points alone is read at c, as
 * Σ ℓ_j f(x_j). A point that lies at c has all of it. Of one coordinate it is the line through the points to both sides of c, and beyond the
 * ends the one through the two nearest. Of several it is the plane over the corners of the Delaunay simplex that c lies in, which is the
 * simplex whose corners are least far from c, weighted as they are mixed; outside of all of them, the D + 1 nearest points count by one over
 * their distance. Points that lie where an earlier one does have no share.
 * @param points `[n][D]`, n ≥ 1
 * @param place c `[D]`
 * @returns `[n]`
 */
export function mixtureAt(points: readonly ArrayLike<number>[], place: ArrayLike<number>): Float64Array {
  const shares = new Float64Array(points.length);
  for (const { point, share } of mixture(points, place)) shares[point] = share;
  return shares;
}

/** The number of the point nearest to a place, the first of equally near ones. */
export function nearestTo(points: readonly ArrayLike<number>[], place: ArrayLike<number>): number {
  return elementAt(byDistance(points, place), 0, "points");
}

function mixture(points: readonly ArrayLike<number>[], place: ArrayLike<number>): readonly Share[] {
  const order = byDistance(points, place).filter((j) => isFirst(points, j));
  const [nearest = 0, second] = order;
  const D = place.length;
  if (second === undefined || squaredDistance(points[nearest]!, place) === 0)
    return [{ point: nearest, share: 1 }];
  const inside = insideSimplex(points, order.slice(0, countFor(order.length, D)), place);
  if (inside !== undefined) return inside;
  if (D === 1) return sharesIn(points, [nearest, second], place) ?? [{ point: nearest, share: 1 }];
  return byInverseDistance(points, order.slice(0, D + 1), place);
}

/** Numbers of the points, the nearest first. */
function byDistance(points: readonly ArrayLike<number>[], place: ArrayLike<number>): number[] {
  return rankBy(points, (point) => squaredDistance(point, place));
}

/** Whether no earlier point lies at the same place. */
function isFirst(points: readonly ArrayLike<number>[], j: number): boolean {
  return points.findIndex((point) => squaredDistance(point, points[j]!) === 0) === j;
}

function squaredDistance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return Array.from(a).reduce((sum, x, i) => sum + (x - b[i]!) ** 2, 0);
}

/** Of n points, how many have no more than `MOST_SIMPLICES` simplices. */
function countFor(n: number, D: number): number {
  let simplices = 1;
  for (let count = D + 1; count < n; count++) {
    simplices = (simplices * (count + 1)) / (count - D);
    if (simplices > MOST_SIMPLICES) return count;
  }
  return n;
}

/** The shares in the Delaunay simplex around a place; undefined where none is around it. */
function insideSimplex(
  points: readonly ArrayLike<number>[],
  candidates: readonly number[],
  place: ArrayLike<number>,
): readonly Share[] | undefined {
  let best: { readonly shares: readonly Share[]; readonly spread: number } | undefined;
  for (const corners of subsets(candidates, place.length + 1)) {
    const shares = sharesIn(points, corners, place);
    if (shares === undefined || shares.some(({ share }) => share < -ROUNDING)) continue;
    // Lifted to its squared distance from c, the lower hull of all points is the Delaunay triangulation.
    const spread = shares.reduce(
      (sum, { point, share }) => sum + share * squaredDistance(points[point]!, place),
      0,
    );
    if (best === undefined || spread < best.spread) best = { shares, spread };
  }
  return best?.shares;
}

/** All choices of so many elements, in their order. */
function* subsets(elements: readonly number[], size: number): Generator<readonly number[]> {
  if (size === 0) {
    yield [];
    return;
  }
  for (let i = 0; i + size <= elements.length; i++) {
    for (const rest of subsets(elements.slice(i + 1), size - 1)) yield [elements[i]!, ...rest];
  }
}

/** Barycentric coordinates of a place between D + 1 corners; undefined where these lie in a plane of fewer dimensions. */
function sharesIn(
  points: readonly ArrayLike<number>[],
  corners: readonly number[],
  place: ArrayLike<number>,
): readonly Share[] | undefined {
  const [origin, ...others] = corners;
  const from = points[origin!]!;
  const rows = Array.from(place, (c, d) => [...others.map((j) => points[j]![d]! - from[d]!), c - from[d]!]);
  const solved = solveLinear(rows);
  if (solved === undefined) return undefined;
  const first = 1 - solved.reduce((sum, share) => sum + share, 0);
  return corners.map((point, i) => ({ point, share: i === 0 ? first : solved[i - 1]! }));
}

/** Pivots this small leave nothing but rounding errors: coordinates are of the order of 1. */
const SMALLEST_PIVOT = 1e-10;

/** Solves `A x = b` by elimination with pivoting. @param rows `[D][D + 1]`, A and then b; changed */
function solveLinear(rows: number[][]): number[] | undefined {
  const D = rows.length;
  for (let column = 0; column < D; column++) {
    const below = rows.slice(column);
    const pivot =
      column +
      elementAt(
        rankBy(below, (row) => -Math.abs(row[column]!)),
        0,
        "rows",
      );
    [rows[column], rows[pivot]] = [rows[pivot]!, rows[column]!];
    const own = rows[column]!;
    if (Math.abs(own[column]!) < SMALLEST_PIVOT) return undefined;
    rows.forEach((row, r) => {
      if (r === column) return;
      const factor = row[column]! / own[column]!;
      for (let k = column; k <= D; k++) row[k]! -= factor * own[k]!;
    });
  }
  return rows.map((row, i) => row[D]! / row[i]!);
}

function byInverseDistance(
  points: readonly ArrayLike<number>[],
  nearest: readonly number[],
  place: ArrayLike<number>,
): readonly Share[] {
  const inverse = nearest.map((point) => 1 / Math.sqrt(squaredDistance(points[point]!, place)));
  const sum = inverse.reduce((a, b) => a + b, 0);
  return nearest.map((point, i) => ({ point, share: inverse[i]! / sum }));
}
