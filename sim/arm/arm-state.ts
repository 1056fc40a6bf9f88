import { angleFromHalf } from "../core/math/angle.js";
import { type Quat, sub, type Vec3 } from "../core/math/vector.js";
import type { Handle, PhysicsWorld } from "../world.js";
import type { ArmFrames } from "./kinematics.js";
import { JOINTS } from "./panda.js";

/** What an arm in a world is made of, in link frames that are aligned with the world at the reset pose. */
export interface ArmLayout {
  /** Bodies of the links `[7]`. */
  readonly links: readonly Handle[];
  readonly base: Vec3;
  /** Joint angles at the reset pose `[7]`, rad. */
  readonly startAngles: Float64Array;
  /** World frames at the reset pose. */
  readonly start: ArmFrames;
  /** kg, `[7]`. */
  readonly masses: Float64Array;
  /** Centres of mass in the link frames, m, `[7, 3]`. */
  readonly centers: Float64Array;
  /** Moments of inertia about the centres, kg·m², `[7]`. */
  readonly inertias: Float64Array;
}

/** Writes R v, with R `[9]` row-major at `matrixAt` and v `[3]` at `vectorAt`, to `out` at `outAt`. */
function transform(
  r: Float64Array,
  matrixAt: number,
  v: Float64Array,
  vectorAt: number,
  out: Float64Array,
  outAt: number,
): void {
  const x = v[vectorAt];
  const y = v[vectorAt + 1];
  const z = v[vectorAt + 2];
  out[outAt] = r[matrixAt] * x + r[matrixAt + 1] * y + r[matrixAt + 2] * z;
  out[outAt + 1] = r[matrixAt + 3] * x + r[matrixAt + 4] * y + r[matrixAt + 5] * z;
  out[outAt + 2] = r[matrixAt + 6] * x + r[matrixAt + 7] * y + r[matrixAt + 8] * z;
}

/** Writes the rotation matrix `[9]` of quaternion `q` (x, y, z, w). */
function writeMatrix(q: ArrayLike<number>, qAt: number, out: Float64Array, at: number): void {
  const x = q[qAt];
  const y = q[qAt + 1];
  const z = q[qAt + 2];
  const w = q[qAt + 3];
  out[at] = 1 - 2 * (y * y + z * z);
  out[at + 1] = 2 * (x * y - w * z);
  out[at + 2] = 2 * (x * z + w * y);
  out[at + 3] = 2 * (x * y + w * z);
  out[at + 4] = 1 - 2 * (x * x + z * z);
  out[at + 5] = 2 * (y * z - w * x);
  out[at + 6] = 2 * (x * z - w * y);
  out[at + 7] = 2 * (y * z + w * x);
  out[at + 8] = 1 - 2 * (x * x + y * y);
}

/**
 * State of an arm as the controller needs it, read from the bodies' float32 poses into arrays made once. Joint
 * positions follow from the link rotations; only link 7 is read, so the separation of the simulated joints
 * (below 1 mm) does not reach the end effector.
 */
export class ArmState {
  /** rad, `[7]`. */
  readonly angles = new Float64Array(JOINTS);
  /** rad/s, `[7]`. */
  readonly velocities = new Float64Array(JOINTS);
  /** Joint axes in the world frame, `[7, 3]`. */
  readonly axes = new Float64Array(JOINTS * 3);
  /** `[6, 7]`: linear, then angular velocity of the end effector per joint velocity. */
  readonly jacobian = new Float64Array(6 * JOINTS);
  /** Joint-space inertia `[7, 7]`, kg·m². */
  readonly mass = new Float64Array(JOINTS * JOINTS);
  /** m, `[3]`. */
  readonly endPosition = new Float64Array(3);
  /** Quaternion (x, y, z, w), `[4]`. */
  readonly endRotation = new Float64Array(4);

  readonly #layout: ArmLayout;
  readonly #localAxes: Float64Array;
  readonly #anchors: Float64Array;
  readonly #endOffset: Float64Array;
  readonly #startRotation: Quat;
  readonly #scratch = new Float32Array(4);
  readonly #vector = new Float32Array(3);
  /** Link rotations `[8, 4]` and their matrices `[8, 9]`; index 0 is the base, which never turns. */
  readonly #quaternions = new Float64Array(4 * (JOINTS + 1));
  readonly #matrices = new Float64Array(9 * (JOINTS + 1));
  readonly #joints = new Float64Array(3 * JOINTS);
  readonly #spin = new Float64Array(3 * (JOINTS + 1));
  readonly #moved = new Float64Array(3);
  readonly #levers = new Float64Array(3 * JOINTS);

  constructor(layout: ArmLayout) {
    const { links, endEffector } = layout.start;
    this.#layout = layout;
    this.#localAxes = Float64Array.from(links.flatMap((l) => l.axis));
    this.#anchors = Float64Array.from(
      links.flatMap((l, i) => sub(l.position, i === 0 ? layout.base : links[i - 1].position)),
    );
    this.#endOffset = Float64Array.from(sub(endEffector.position, links[JOINTS - 1].position));
    this.#startRotation = endEffector.rotation;
    this.#quaternions[3] = 1;
    writeMatrix(this.#quaternions, 0, this.#matrices, 0);
  }

  /** Reads everything. */
  read(world: PhysicsWorld): void {
    for (let i = 0; i < JOINTS; i++) {
      this.#readLink(world, i);
      world.readAngularVelocity(this.#layout.links[i], this.#vector);
      for (let c = 0; c < 3; c++) this.#spin[3 * (i + 1) + c] = this.#vector[c];
      this.#readJoint(i);
    }
    this.readEnd(world);
    this.#fillJacobian();
    this.#fillMass();
  }

  /** Reads the end effector's pose alone. */
  readEnd(world: PhysicsWorld): void {
    const last = this.#layout.links[JOINTS - 1];
    this.#readLink(world, JOINTS - 1);
    world.readPosition(last, this.#vector);
    transform(this.#matrices, 9 * JOINTS, this.#endOffset, 0, this.#moved, 0);
    for (let c = 0; c < 3; c++) this.endPosition[c] = this.#vector[c] + this.#moved[c];
    const [x, y, z, w] = this.#startRotation;
    const q = this.#quaternions;
    const at = 4 * JOINTS;
    const e = this.endRotation;
    e[0] = q[at + 3] * x + q[at] * w + q[at + 1] * z - q[at + 2] * y;
    e[1] = q[at + 3] * y - q[at] * z + q[at + 1] * w + q[at + 2] * x;
    e[2] = q[at + 3] * z + q[at] * y - q[at + 1] * x + q[at + 2] * w;
    e[3] = q[at + 3] * w - q[at] * x - q[at + 1] * y - q[at + 2] * z;
  }

  #readLink(world: PhysicsWorld, i: number): void {
    const at = 4 * (i + 1);
    world.readRotation(this.#layout.links[i], this.#scratch);
    for (let c = 0; c < 4; c++) this.#quaternions[at + c] = this.#scratch[c];
    writeMatrix(this.#quaternions, at, this.#matrices, 9 * (i + 1));
  }

  /** Axis, position, angle and velocity of joint `i`, from the rotations of link `i` and its parent. */
  #readJoint(i: number): void {
    const { axes } = this;
    const at = 3 * i;
    transform(this.#matrices, 9 * i, this.#localAxes, at, axes, at);
    transform(this.#matrices, 9 * i, this.#anchors, at, this.#moved, 0);
    const joints = this.#joints;
    for (let c = 0; c < 3; c++) {
      joints[at + c] = (i === 0 ? this.#layout.base[c] : joints[at - 3 + c]) + this.#moved[c];
    }
    this.angles[i] = this.#layout.startAngles[i] + this.#relativeAngle(i);
    const spin = this.#spin;
    let speed = 0;
    for (let c = 0; c < 3; c++) speed += (spin[at + 3 + c] - spin[at + c]) * axes[at + c];
    this.velocities[i] = speed;
  }

  /** Angle of joint `i` since the reset pose, in (-π, π]. */
  #relativeAngle(i: number): number {
    const q = this.#quaternions;
    const p = 4 * i;
    const c = p + 4;
    const w = q[p + 3] * q[c + 3] + q[p] * q[c] + q[p + 1] * q[c + 1] + q[p + 2] * q[c + 2];
    const x = q[p + 3] * q[c] - q[p] * q[c + 3] - q[p + 1] * q[c + 2] + q[p + 2] * q[c + 1];
    const y = q[p + 3] * q[c + 1] + q[p] * q[c + 2] - q[p + 1] * q[c + 3] - q[p + 2] * q[c];
    const z = q[p + 3] * q[c + 2] - q[p] * q[c + 1] + q[p + 1] * q[c] - q[p + 2] * q[c + 3];
    const a = this.#localAxes;
    return angleFromHalf(x * a[3 * i] + y * a[3 * i + 1] + z * a[3 * i + 2], w);
  }

  #fillJacobian(): void {
    const { axes, jacobian, endPosition: e } = this;
    const p = this.#joints;
    for (let i = 0; i < JOINTS; i++) {
      const at = 3 * i;
      const x = e[0] - p[at];
      const y = e[1] - p[at + 1];
      const z = e[2] - p[at + 2];
      jacobian[i] = axes[at + 1] * z - axes[at + 2] * y;
      jacobian[JOINTS + i] = axes[at + 2] * x - axes[at] * z;
      jacobian[2 * JOINTS + i] = axes[at] * y - axes[at + 1] * x;
      for (let c = 0; c < 3; c++) jacobian[(3 + c) * JOINTS + i] = axes[at + c];
    }
  }

  /** M = Σ_k m_k Jv_kᵀ Jv_k + I_k Jω_kᵀ Jω_k over the links k. */
  #fillMass(): void {
    const { mass } = this;
    mass.fill(0);
    for (let k = 0; k < JOINTS; k++) this.#addLinkMass(k);
    for (let i = 0; i < JOINTS; i++) {
      for (let j = 0; j < i; j++) mass[j * JOINTS + i] = mass[i * JOINTS + j];
    }
  }

  #addLinkMass(k: number): void {
    const { axes, mass } = this;
    const v = this.#levers;
    const p = this.#joints;
    const { masses, inertias, centers } = this.#layout;
    const m = masses[k];
    const inertia = inertias[k];
    transform(this.#matrices, 9 * (k + 1), centers, 3 * k, this.#moved, 0);
    for (let i = 0; i <= k; i++) {
      const at = 3 * i;
      const x = p[3 * k] + this.#moved[0] - p[at];
      const y = p[3 * k + 1] + this.#moved[1] - p[at + 1];
      const z = p[3 * k + 2] + this.#moved[2] - p[at + 2];
      v[at] = axes[at + 1] * z - axes[at + 2] * y;
      v[at + 1] = axes[at + 2] * x - axes[at] * z;
      v[at + 2] = axes[at] * y - axes[at + 1] * x;
      for (let j = 0; j <= i; j++) {
        const bt = 3 * j;
        mass[i * JOINTS + j] +=
          m * (v[at] * v[bt] + v[at + 1] * v[bt + 1] + v[at + 2] * v[bt + 2]) +
          inertia * (axes[at] * axes[bt] + axes[at + 1] * axes[bt + 1] + axes[at + 2] * axes[bt + 2]);
      }
    }
  }
}
