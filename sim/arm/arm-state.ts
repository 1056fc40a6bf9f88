import { angleFromHalf } from "../core/math/angle.js";
import { crossAt, dotAt, matrixAt, transformAt } from "../core/math/flat.js";
import { IDENTITY, type Quat, sub, type Vec3 } from "../core/math/vector.js";
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
  readonly #rotation = new Float32Array(4);
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
    this.#localAxes = Float64Array.from(links.flatMap((link) => link.axis));
    const parents = [layout.base, ...links.map((link) => link.position)];
    this.#anchors = Float64Array.from(links.flatMap((link, i) => sub(link.position, parents[i]!)));
    this.#endOffset = Float64Array.from(sub(endEffector.position, parents[JOINTS]!));
    this.#startRotation = endEffector.rotation;
    this.#quaternions.set(IDENTITY);
    matrixAt(this.#quaternions, 0, this.#matrices, 0);
  }

  /** Reads everything. */
  read(world: PhysicsWorld): void {
    for (let i = 0; i < JOINTS; i++) {
      this.#readLink(world, i);
      world.readAngularVelocity(this.#layout.links[i]!, this.#vector);
      for (let c = 0; c < 3; c++) this.#spin[3 * (i + 1) + c] = this.#vector[c]!;
      this.#readJoint(i);
    }
    this.readEnd(world);
    this.#fillJacobian();
    this.#fillMass();
  }

  /** Reads the end effector's pose alone. */
  readEnd(world: PhysicsWorld): void {
    this.#readLink(world, JOINTS - 1);
    world.readPosition(this.#layout.links[JOINTS - 1]!, this.#vector);
    transformAt(this.#matrices, 9 * JOINTS, this.#endOffset, 0, this.#moved, 0);
    for (let c = 0; c < 3; c++) this.endPosition[c] = this.#vector[c]! + this.#moved[c]!;
    const q = this.#quaternions;
    const at = 4 * JOINTS;
    const [x, y, z, w] = this.#startRotation;
    const e = this.endRotation;
    e[0] = q[at + 3]! * x + q[at]! * w + q[at + 1]! * z - q[at + 2]! * y;
    e[1] = q[at + 3]! * y - q[at]! * z + q[at + 1]! * w + q[at + 2]! * x;
    e[2] = q[at + 3]! * z + q[at]! * y - q[at + 1]! * x + q[at + 2]! * w;
    e[3] = q[at + 3]! * w - q[at]! * x - q[at + 1]! * y - q[at + 2]! * z;
  }

  #readLink(world: PhysicsWorld, i: number): void {
    const at = 4 * (i + 1);
    world.readRotation(this.#layout.links[i]!, this.#rotation);
    for (let c = 0; c < 4; c++) this.#quaternions[at + c] = this.#rotation[c]!;
    matrixAt(this.#quaternions, at, this.#matrices, 9 * (i + 1));
  }

  /** Axis, position, angle and velocity of joint `i`, from the rotations of link `i` and its parent. */
  #readJoint(i: number): void {
    const { axes } = this;
    const at = 3 * i;
    transformAt(this.#matrices, 9 * i, this.#localAxes, at, axes, at);
    transformAt(this.#matrices, 9 * i, this.#anchors, at, this.#moved, 0);
    const joints = this.#joints;
    for (let c = 0; c < 3; c++) {
      joints[at + c] = (i === 0 ? this.#layout.base[c]! : joints[at - 3 + c]!) + this.#moved[c]!;
    }
    this.angles[i] = this.#layout.startAngles[i]! + this.#relativeAngle(i);
    const spin = this.#spin;
    let speed = 0;
    for (let c = 0; c < 3; c++) speed += (spin[at + 3 + c]! - spin[at + c]!) * axes[at + c]!;
    this.velocities[i] = speed;
  }

  /** Angle of joint `i` since the reset pose, in (-π, π]: that of q̄_parent q_link about the joint's axis. */
  #relativeAngle(i: number): number {
    const q = this.#quaternions;
    const px = q[4 * i]!;
    const py = q[4 * i + 1]!;
    const pz = q[4 * i + 2]!;
    const pw = q[4 * i + 3]!;
    const cx = q[4 * i + 4]!;
    const cy = q[4 * i + 5]!;
    const cz = q[4 * i + 6]!;
    const cw = q[4 * i + 7]!;
    const w = pw * cw + px * cx + py * cy + pz * cz;
    const x = pw * cx - px * cw - py * cz + pz * cy;
    const y = pw * cy + px * cz - py * cw - pz * cx;
    const z = pw * cz - px * cy + py * cx - pz * cw;
    const axes = this.#localAxes;
    return angleFromHalf(x * axes[3 * i]! + y * axes[3 * i + 1]! + z * axes[3 * i + 2]!, w);
  }

  #fillJacobian(): void {
    const { axes, jacobian } = this;
    const end = this.endPosition;
    const joints = this.#joints;
    const linear = this.#moved;
    for (let i = 0; i < JOINTS; i++) {
      const at = 3 * i;
      crossAt(
        axes,
        at,
        end[0]! - joints[at]!,
        end[1]! - joints[at + 1]!,
        end[2]! - joints[at + 2]!,
        linear,
        0,
      );
      for (let c = 0; c < 3; c++) {
        jacobian[c * JOINTS + i] = linear[c]!;
        jacobian[(3 + c) * JOINTS + i] = axes[at + c]!;
      }
    }
  }

  /** M = Σ_k m_k Jv_kᵀ Jv_k + I_k Jω_kᵀ Jω_k over the links k. */
  #fillMass(): void {
    const { mass } = this;
    mass.fill(0);
    for (let k = 0; k < JOINTS; k++) this.#addLinkMass(k);
    for (let i = 0; i < JOINTS; i++) {
      for (let j = 0; j < i; j++) mass[j * JOINTS + i] = mass[i * JOINTS + j]!;
    }
  }

  #addLinkMass(k: number): void {
    const { axes, mass } = this;
    const levers = this.#levers;
    const joints = this.#joints;
    const { masses, inertias, centers } = this.#layout;
    const linkMass = masses[k]!;
    const inertia = inertias[k]!;
    transformAt(this.#matrices, 9 * (k + 1), centers, 3 * k, this.#moved, 0);
    const x = joints[3 * k]! + this.#moved[0]!;
    const y = joints[3 * k + 1]! + this.#moved[1]!;
    const z = joints[3 * k + 2]! + this.#moved[2]!;
    for (let i = 0; i <= k; i++) {
      const at = 3 * i;
      crossAt(axes, at, x - joints[at]!, y - joints[at + 1]!, z - joints[at + 2]!, levers, at);
      for (let j = 0; j <= i; j++) {
        mass[i * JOINTS + j]! +=
          linkMass * dotAt(levers, at, levers, 3 * j) + inertia * dotAt(axes, at, axes, 3 * j);
      }
    }
  }
}
