import { foreign } from "../core/foreign.js";
import { type XYZ, type XYZW, xyz, xyzw } from "../core/math/vector.js";
import type { Pose, Scene, VisualBody, VisualShape } from "../task.js";
import { countFields, frameTransforms, sceneUpdate } from "./foxglove.js";
import { checkLimit } from "./limits.js";

const WORLD = "world";
const NANOSECONDS = 1_000_000_000n;

/** Simulated time as protobuf's `Timestamp`. */
export function timestamp(time: bigint) {
  return { seconds: Number(time / NANOSECONDS), nanos: Number(time % NANOSECONDS) };
}

/**
 * Encodes `foxglove.FrameTransforms` with the world poses of `bodies[i]` for each given `i`.
 * @param time simulated time, ns
 */
export function encodePoses(scene: Scene, indices: readonly number[], time: bigint): Uint8Array {
  const stamp = timestamp(time);
  const transforms = indices.map((i) => {
    const { position, rotation } = scene.bodyPose(i);
    return {
      timestamp: stamp,
      parent_frame_id: WORLD,
      child_frame_id: scene.bodies[i]!.name,
      translation: xyz(position),
      rotation: xyzw(rotation),
    };
  });
  return frameTransforms.type.encode({ transforms }).finish();
}

/**
 * Encodes `foxglove.SceneUpdate` with one entity per body that has shapes, fixed to the body's frame. A later message replaces the
 * entities of the same bodies.
 * @param time simulated time, ns
 */
export function encodeScene(bodies: readonly VisualBody[], time = 0n): Uint8Array {
  const entities = bodies
    .filter((body) => body.shapes.length > 0)
    .map((body) => {
      const entity = { cubes: [] as object[], spheres: [] as object[], cylinders: [] as object[] };
      for (const shape of body.shapes) addShape(entity, shape);
      return {
        timestamp: timestamp(time),
        frame_id: body.name,
        id: body.name,
        lifetime: timestamp(0n),
        frame_locked: true,
        ...entity,
      };
    });
  return sceneUpdate.type.encode({ deletions: [], entities }).finish();
}

interface Primitives {
  readonly cubes: object[];
  readonly spheres: object[];
  readonly cylinders: object[];
}

function addShape(entity: Primitives, { kind, size, pose, color }: VisualShape): void {
  const [r, g, b, a] = color;
  const primitive = (p: Pose, extents: readonly [number, number, number]) => ({
    pose: { position: xyz(p.position), orientation: xyzw(p.rotation) },
    size: xyz(extents),
    color: { r, g, b, a },
  });
  const cylinder = (extents: readonly [number, number, number]) => ({
    ...primitive(pose, extents),
    bottom_scale: 1,
    top_scale: 1,
  });
  if (kind === "box") entity.cubes.push(primitive(pose, size));
  if (kind === "sphere") entity.spheres.push(primitive(pose, size));
  if (kind === "cylinder") entity.cylinders.push(cylinder(size));
  if (kind === "capsule") {
    // Foxglove has no capsule: the straight part, and a sphere around each of its ends.
    const diameter = size[0];
    const straight = size[2] - diameter;
    // A capsule that is as long as wide is a ball.
    if (straight > 0) entity.cylinders.push(cylinder([diameter, diameter, straight]));
    for (const z of straight > 0 ? [-straight / 2, straight / 2] : [0]) {
      const ball: [number, number, number] = [diameter, diameter, diameter];
      entity.spheres.push(primitive({ position: alongZ(pose, z), rotation: pose.rotation }, ball));
    }
  }
}

/** The point `(0, 0, z)` of the pose's own frame. */
function alongZ({ position, rotation: [x, y, z, w] }: Pose, distance: number): [number, number, number] {
  return [
    position[0] + distance * 2 * (x * z + w * y),
    position[1] + distance * 2 * (y * z - w * x),
    position[2] + distance * (1 - 2 * (x * x + y * y)),
  ];
}

interface DecodedPrimitive {
  readonly pose: { readonly position: XYZ; readonly orientation: XYZW };
  readonly size: XYZ;
  readonly color: { readonly r: number; readonly g: number; readonly b: number; readonly a: number };
}

function toPose(position: XYZ, { x, y, z, w }: XYZW): Pose {
  return { position: [position.x, position.y, position.z], rotation: [x, y, z, w] };
}

/** Inverse of `encodePoses`: body name → world pose. @throws Error on malformed bytes, LimitExceeded for too many */
export function decodePoses(message: Uint8Array): Map<string, Pose> {
  checkLimit("bodies", countFields(message));
  const { transforms } = foreign<{
    transforms: { child_frame_id: string; translation: XYZ; rotation: XYZW }[];
  }>(frameTransforms.type.decode(message));
  return new Map(transforms.map((t) => [t.child_frame_id, toPose(t.translation, t.rotation)]));
}

/** Inverse of `encodeScene`: body name → shapes; a capsule comes back as its parts. @throws Error, LimitExceeded */
export function decodeScene(message: Uint8Array): Map<string, VisualShape[]> {
  checkLimit("bodies", countFields(message));
  const { entities } = foreign<{
    entities: (Record<"cubes" | "spheres" | "cylinders", DecodedPrimitive[]> & { frame_id: string })[];
  }>(sceneUpdate.type.decode(message));
  const count = entities.reduce((sum, e) => sum + e.cubes.length + e.spheres.length + e.cylinders.length, 0);
  checkLimit("shapes", count);
  const shape = (kind: VisualShape["kind"], { pose, size, color }: DecodedPrimitive): VisualShape => ({
    kind,
    size: [size.x, size.y, size.z],
    pose: toPose(pose.position, pose.orientation),
    color: [color.r, color.g, color.b, color.a],
  });
  return new Map(
    entities.map((entity) => [
      entity.frame_id,
      [
        ...entity.cubes.map((p) => shape("box", p)),
        ...entity.spheres.map((p) => shape("sphere", p)),
        ...entity.cylinders.map((p) => shape("cylinder", p)),
      ],
    ]),
  );
}
