import {
  type BufferGeometry,
  Color,
  CylinderGeometry,
  Group,
  Mesh,
  MeshBasicMaterial,
  MeshStandardMaterial,
  SphereGeometry,
  SRGBColorSpace,
} from "three";
import { RoundedBoxGeometry } from "three/addons/geometries/RoundedBoxGeometry.js";
import { Line2 } from "three/addons/lines/Line2.js";
import { LineGeometry } from "three/addons/lines/LineGeometry.js";
import { LineMaterial } from "three/addons/lines/LineMaterial.js";
import type { VisualBody, VisualShape } from "../../../sim/task.js";
import { isGoal } from "./state.js";

const sphere = new SphereGeometry(0.5, 32, 20);
/** Along z, as recordings have it; three.js makes it along y. */
const cylinder = new CylinderGeometry(0.5, 0.5, 1, 36).rotateX(Math.PI / 2);

/** A geometry of the shape's kind, and how to scale it to the shape's size. */
function geometryOf({ kind, size }: VisualShape): { geometry: BufferGeometry; unit: boolean } {
  if (kind === "sphere") return { geometry: sphere, unit: true };
  if (kind !== "box") return { geometry: cylinder, unit: true };
  const [x, y, z] = size;
  // Edges that catch the light, without changing the shape for the eye.
  const radius = Math.min(0.005, 0.12 * Math.min(x, y, z));
  return { geometry: new RoundedBoxGeometry(x, y, z, 2, radius), unit: false };
}

/** A body of an episode as three.js objects, to be moved by its pose. */
export function bodyObject(body: VisualBody): Group {
  const group = new Group();
  group.name = body.name;
  const goal = isGoal(body);
  for (const shape of body.shapes) {
    const mesh = shapeMesh(shape, goal);
    group.add(mesh);
    if (goal) group.add(throughOthers(mesh));
  }
  const outline = goal ? goalOutline(body) : undefined;
  if (outline !== undefined) group.add(outline);
  return group;
}

/** A line around three or more markers of a goal, such as the corners of where a block is to lie. */
function goalOutline({ shapes }: VisualBody): Line2 | undefined {
  if (shapes.length < 3) return undefined;
  const points = shapes.map(({ pose }) => pose.position);
  const [x, y] = [0, 1].map((axis) => points.reduce((sum, p) => sum + p[axis], 0) / points.length);
  const around = points.toSorted((a, b) => Math.atan2(a[1] - y, a[0] - x) - Math.atan2(b[1] - y, b[0] - x));
  const geometry = new LineGeometry().setPositions([...around, around[0]].flat());
  const [r, g, b] = shapes[0].color;
  const color = new Color().setRGB(r, g, b, SRGBColorSpace);
  const material = new LineMaterial({
    color,
    linewidth: 2,
    transparent: true,
    opacity: 0.8,
    depthTest: false,
  });
  return new Line2(geometry, material);
}

function shapeMesh(shape: VisualShape, goal: boolean): Mesh {
  const { size, pose, color } = shape;
  const { geometry, unit } = geometryOf(shape);
  const [r, g, b, a] = color;
  const material = new MeshStandardMaterial({
    color: new Color().setRGB(r, g, b, SRGBColorSpace),
    roughness: 0.55,
    metalness: 0.05,
    transparent: a < 1,
    opacity: a,
  });
  if (goal) material.emissive.copy(material.color).multiplyScalar(0.55);
  const mesh = new Mesh(geometry, material);
  mesh.position.set(...pose.position);
  mesh.quaternion.set(...pose.rotation);
  if (unit) mesh.scale.set(...size);
  mesh.castShadow = !goal;
  mesh.receiveShadow = !goal;
  return mesh;
}

/** A faint copy of a goal marker that is seen through what stands before it. */
function throughOthers(marker: Mesh): Mesh {
  const { color } = marker.material as MeshStandardMaterial;
  const material = new MeshBasicMaterial({ color, transparent: true, opacity: 0.35, depthTest: false });
  const ghost = new Mesh(marker.geometry, material);
  ghost.position.copy(marker.position);
  ghost.quaternion.copy(marker.quaternion);
  ghost.scale.copy(marker.scale);
  ghost.renderOrder = 1;
  return ghost;
}

/** Frees what the objects hold on the graphics processor. */
export function disposeBodies(groups: readonly Group[]): void {
  for (const group of groups) {
    for (const child of group.children as Mesh[]) {
      if (child.geometry !== sphere && child.geometry !== cylinder) child.geometry.dispose();
      (child.material as MeshStandardMaterial).dispose();
    }
  }
}
