import { atanUnit } from "./atan.js";

const TURN = 2 * Math.PI;

/**
 * Angle in (-π, π] (rad) of a rotation from its quaternion: `sine` and `cosine` are those of half the angle, either
 * sign of both and not necessarily normalised. Same bits on every engine, see `atanUnit`.
 */
export function angleFromHalf(sine: number, cosine: number): number {
  const s = cosine < 0 ? -sine : sine;
  const c = Math.abs(cosine);
  // tan(θ/4) from sin and cos of θ/2 stays within ±1.
  return 4 * atanUnit(s / (Math.sqrt(s * s + c * c) + c));
}

/**
 * The angle equal to `wrapped` up to whole turns that is nearest to `previous` (rad): joint angles that go on beyond a
 * turn, so that the difference of two observations is the rotation between them.
 */
export function continueAngle(previous: number, wrapped: number): number {
  return wrapped + TURN * Math.round((previous - wrapped) / TURN);
}
