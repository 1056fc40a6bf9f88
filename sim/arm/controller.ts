import { factor, solve, solveLower } from "../core/math/cholesky.js";
import type { ArmState } from "./arm-state.js";
import { JOINTS, PANDA } from "./panda.js";

/** Stiffness of position and orientation (1/s²) and of the posture; damping is critical for both. */
const STIFFNESS = 150;
const POSTURE_STIFFNESS = 10;
/** What an input of ±1 moves in one control step: m and rad (robosuite's `OSC_POSE`). */
export const MAX_TRANSLATION = 0.05;
export const MAX_ROTATION = 0.5;

const N = JOINTS;
const DAMPING = 2 * Math.sqrt(STIFFNESS);
const POSTURE_DAMPING = 2 * Math.sqrt(POSTURE_STIFFNESS);
// Keeps the operational-space inertia finite where the arm is stretched out.
const REGULARISATION = 1e-6;

/**
 * h_0 of `#dampNearSingularity`, 1/kg: below this the arm counts as close to a singularity. A hand that works at a door or on the
 * near part of a table has 0.014 or more.
 */
const NEAR_SINGULAR = 0.01;
/** λ_0 of `#dampNearSingularity`, 1/kg: what is added at the singularity itself. */
const MOST_DAMPING = 0.03;

/** What the control law takes of an arm's state. */
type ArmReading = Pick<
  ArmState,
  "angles" | "velocities" | "jacobian" | "mass" | "endPosition" | "endRotation"
>;

/**
 * Operational-space control as in robosuite's `OSC_POSE` (Khatib 1987): a critically damped spring pulls the
 * end-effector point to a goal position and orientation, each through its own effective inertia, and joint
 * torques without effect on the end effector hold the posture. The orientation error is sin(angle)·axis as there,
 * which needs no trigonometric function. Works in place on its own buffers; nothing of it outlives a call, so it
 * has no state to save. Near a singularity it is damped, which robosuite's is not; see `#dampNearSingularity`.
 */
export class OperationalSpaceController {
  /** Joint torques `[7]`, N·m, within the joints' limits. */
  readonly torque = new Float64Array(N);
  readonly #posture: Float64Array;
  readonly #limits = Float64Array.from(PANDA, (link) => link.maxTorque);
  readonly #factor = new Float64Array(N * N);
  /** `[6, 7]`: row r is L⁻¹ Jᵀ of task direction r, where M = L Lᵀ. */
  readonly #whitened = new Float64Array(6 * N);
  /** `[6, 6]`: J M⁻¹ Jᵀ. */
  readonly #mobility = new Float64Array(36);
  readonly #block = new Float64Array(9);
  readonly #acceleration = new Float64Array(6);
  readonly #wrench = new Float64Array(6);
  readonly #postureWrench = new Float64Array(6);
  readonly #postureAcceleration = new Float64Array(N);

  /** @param posture Joint angles `[7]` that the null space holds, rad. */
  constructor(posture: ArrayLike<number>) {
    this.#posture = Float64Array.from(posture);
  }

  /** Sets `torque` for a goal position `[3]` (m) and orientation `[4]` (quaternion x, y, z, w). */
  update(state: ArmReading, goalPosition: ArrayLike<number>, goalRotation: ArrayLike<number>): void {
    this.#computeMobility(state);
    this.#dampNearSingularity();
    this.#computeAcceleration(state, goalPosition, goalRotation);
    this.#decoupledWrench(0);
    this.#decoupledWrench(3);
    this.#addPosture(state);
    this.#computeTorque(state);
  }

  #computeMobility({ jacobian, mass }: ArmReading): void {
    const l = this.#factor;
    const y = this.#whitened;
    const a = this.#mobility;
    l.set(mass);
    factor(l, N);
    y.set(jacobian);
    for (let r = 0; r < 6; r++) solveLower(l, N, y, r * N);
    for (let r = 0; r < 6; r++) {
      for (let c = 0; c <= r; c++) {
        let s = r === c ? REGULARISATION : 0;
        for (let k = 0; k < N; k++) s += y[r * N + k]! * y[c * N + k]!;
        a[r * 6 + c] = s;
        a[c * 6 + r] = s;
      }
    }
  }

  #computeAcceleration(state: ArmReading, goal: ArrayLike<number>, g: ArrayLike<number>): void {
    const { jacobian, velocities, endPosition, endRotation: e } = state;
    const out = this.#acceleration;
    // The error quaternion is g · conj(e); twice its scalar times its vector part is sin(angle)·axis.
    const w = 2 * (g[3]! * e[3]! + g[0]! * e[0]! + g[1]! * e[1]! + g[2]! * e[2]!);
    out[0] = goal[0]! - endPosition[0]!;
    out[1] = goal[1]! - endPosition[1]!;
    out[2] = goal[2]! - endPosition[2]!;
    out[3] = w * (-g[3]! * e[0]! + g[0]! * e[3]! - g[1]! * e[2]! + g[2]! * e[1]!);
    out[4] = w * (-g[3]! * e[1]! + g[0]! * e[2]! + g[1]! * e[3]! - g[2]! * e[0]!);
    out[5] = w * (-g[3]! * e[2]! - g[0]! * e[1]! + g[1]! * e[0]! + g[2]! * e[3]!);
    for (let r = 0; r < 6; r++) {
      let speed = 0;
      for (let k = 0; k < N; k++) speed += jacobian[r * N + k]! * velocities[k]!;
      out[r] = STIFFNESS * out[r]! - DAMPING * speed;
    }
  }

  /**
   * Damps the position part of the law where the arm is stretched out. There the end effector cannot move further: the mobility in
   * that direction, the smallest eigenvalue of the position's block A_p, goes to zero, and the force for an acceleration to
   * infinity. Torques would swing from one limit to the other, and joints would reach 17 rad/s. So where h = 1 / tr A_p⁻¹, which is
   * at most that eigenvalue, is below h_0, λ = λ_0 (1 - h / h_0)² is added to the diagonal of A_p: damped least squares
   * (Nakamura & Hanafusa 1986, Wampler 1986). Elsewhere nothing changes, not by a bit.
   */
  #dampNearSingularity(): void {
    const a = this.#mobility;
    const [xx, yx, yy, zx, zy, zz] = [a[0]!, a[6]!, a[7]!, a[12]!, a[13]!, a[14]!];
    const determinant = xx * (yy * zz - zy * zy) - yx * (yx * zz - zy * zx) + zx * (yx * zy - yy * zx);
    const minors = xx * yy - yx * yx + (xx * zz - zx * zx) + (yy * zz - zy * zy);
    // The trace of an inverse is the sum of the principal minors over the determinant.
    const h = determinant / minors;
    if (h >= NEAR_SINGULAR) return;
    const damping = MOST_DAMPING * (1 - h / NEAR_SINGULAR) ** 2;
    for (const i of [0, 7, 14]) a[i]! += damping;
  }

  /** Wrench of the three directions from `at`: their own 3×3 block of the mobility, inverted, times acceleration. */
  #decoupledWrench(at: 0 | 3): void {
    const block = this.#block;
    const wrench = this.#wrench;
    for (let r = 0; r < 3; r++) {
      for (let c = 0; c <= r; c++) block[r * 3 + c] = this.#mobility[(r + at) * 6 + c + at]!;
      wrench[at + r] = this.#acceleration[at + r]!;
    }
    factor(block, 3);
    solve(block, 3, wrench, at);
  }

  /**
   * Null-space projection (1 - Jᵀ J̄ᵀ) M a of the posture's acceleration a: with J̄ = M⁻¹ Jᵀ A⁻¹ it is
   * M a - Jᵀ A⁻¹ J a, so no inverse of M is formed.
   */
  #addPosture({ jacobian, angles, velocities }: ArmReading): void {
    const a = this.#postureAcceleration;
    const p = this.#postureWrench;
    for (let k = 0; k < N; k++) {
      a[k] = POSTURE_STIFFNESS * (this.#posture[k]! - angles[k]!) - POSTURE_DAMPING * velocities[k]!;
    }
    for (let r = 0; r < 6; r++) {
      let s = 0;
      for (let k = 0; k < N; k++) s += jacobian[r * N + k]! * a[k]!;
      p[r] = s;
    }
    factor(this.#mobility, 6);
    solve(this.#mobility, 6, p);
  }

  #computeTorque({ jacobian, mass }: ArmReading): void {
    const { torque } = this;
    for (let k = 0; k < N; k++) {
      let s = 0;
      for (let r = 0; r < 6; r++) s += jacobian[r * N + k]! * (this.#wrench[r]! - this.#postureWrench[r]!);
      for (let i = 0; i < N; i++) s += mass[k * N + i]! * this.#postureAcceleration[i]!;
      const limit = this.#limits[k]!;
      torque[k] = Math.min(Math.max(s, -limit), limit);
    }
  }
}
