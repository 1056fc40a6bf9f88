import { NO_ROTATION, xyz } from "../sim/core/math/vector.js";
import {
  MotorModel,
  type PrismaticImpulseJoint,
  type RevoluteImpulseJoint,
  RigidBodyDesc,
} from "../sim/world.js";

/**
 * A thin rod that begins at its frame's origin; its inertia about its middle is m l² / 12.
 * @param density kg/m
 * @param length m
 */
export function rod(density: number, length: number, along: "x" | "z"): RigidBodyDesc {
  const mass = density * length;
  const across = (mass * length * length) / 12;
  // A rod without thickness has no inertia along itself; joints keep it from turning that way.
  const thin = 0.1 * across;
  const half = length / 2;
  const [center, inertia] =
    along === "x"
      ? ([
          [half, 0, 0],
          [thin, across, across],
        ] as const)
      : ([
          [0, 0, half],
          [across, across, thin],
        ] as const);
  return RigidBodyDesc.dynamic()
    .setCanSleep(false)
    .setAdditionalMassProperties(mass, xyz(center), xyz(inertia), NO_ROTATION);
}

/** Makes a joint resist its motion: a motor that wants no velocity is a damper. @param damping N·s/m or N·m·s/rad */
export function dampen(joint: PrismaticImpulseJoint | RevoluteImpulseJoint, damping: number): void {
  joint.configureMotorModel(MotorModel.ForceBased);
  joint.configureMotorVelocity(0, damping);
}
