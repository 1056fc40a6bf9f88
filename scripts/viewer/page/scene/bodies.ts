import {
  BoxGeometry,
  type BufferGeometry,
  Color,
  CylinderGeometry,
  Group,
  Matrix4,
  Mesh,
  MeshBasicMaterial,
  MeshStandardMaterial,
  type Object3D,
  Quaternion,
  SphereGeometry,
  SRGBColorSpace,
  Vector3,
} from "three";
import { RoundedBoxGeometry } from "three/addons/geometries/RoundedBoxGeometry.js";
import { Line2 } from "three/addons/lines/Line2.js";
import { LineGeometry } from "three/addons/lines/LineGeometry.js";
import { LineMaterial } from "three/addons/lines/LineMaterial.js";
import { mergeGeometries, mergeVertices } from "three/addons/utils/BufferGeometryUtils.js";
import type { VisualBody, VisualShape } from "../../../../sim/task.js";
import { isGoal } from "./state.js";

const spheres = { fine: new SphereGeometry(0.5, 32, 20), coarse: new SphereGeometry(0.5, 10, 6) };
/** Along z, as recordings have it; three.js makes it along y. */
const cylinders = {
  fine: new CylinderGeometry(0.5, 0.5, 1, 36).rotateX(Math.PI / 2),
  coarse: new CylinderGeometry(0.5, 0.5, 1, 10).rotateX(Math.PI / 2),
};

type Detail = keyof typeof spheres;

/** A shape's geometry in its body's frame. */
function geometryOf({ kind, size, pose }: VisualShape, detail: Detail): BufferGeometry {
  const [x, y, z] = size;
  // Edges that catch the light, without changing the shape for the eye.
  const radius = Math.min(0.005, 0.12 * Math.min(x, y, z));
  const box = () =>
    detail === "fine" ? mergeVertices(new RoundedBoxGeometry(x, y, z, 2, radius)) : new BoxGeometry(x, y, z);
  const geometry = kind === "box" ? box() : (kind === "sphere" ? spheres : cylinders)[detail].clone();
  const scale = kind === "box" ? new Vector3(1, 1, 1) : new Vector3(x, y, z);
  const [position, rotation] = [new Vector3(...pose.position), new Quaternion(...pose.rotation)];
  return geometry.applyMatrix4(new Matrix4().compose(position, rotation, scale));
}

/** Geometries of meshes that have more than one. */
const details = new WeakMap<Object3D, Readonly<Record<Detail, BufferGeometry>>>();

/** Shows a body's round shapes with many faces or with few. */
export function setDetail(group: Group, detail: Detail): void {
  for (const child of group.children as Mesh[]) {
    const geometry = details.get(child)?.[detail];
    if (geometry !== undefined) child.geometry = geometry;
  }
}

/** A body of an episode as three.js objects, to be moved by its pose. */
export function bodyObject(body: VisualBody): Group {
  const group = new Group();
  group.name = body.name;
  const goal = isGoal(body);
  // Shapes of one colour are one mesh: without a graphics processor it is the number of meshes that takes time.
  const colors = new Map(body.shapes.map((shape) => [shape.color.join(), shape.color]));
  for (const [key, color] of colors) {
    const shapes = body.shapes.filter((shape) => shape.color.join() === key);
    const merged = (detail: "fine" | "coarse") =>
      mergeGeometries(shapes.map((shape) => geometryOf(shape, detail)));
    const fine = merged("fine");
    const coarse = merged("coarse");
    const mesh = meshOf(fine, color, goal);
    details.set(mesh, { fine, coarse });
    group.add(mesh);
    if (goal) group.add(throughOthers(mesh));
  }
  const outline = goal ? goalOutline(body) : undefined;
  if (outline !== undefined) group.add(outline);
  return group;
}

/** A line around three or more markers of a goal, such as the corners of where a block is to lie. */
function goalOutline({ shapes }: VisualBody): Line2 | undefined {
  const [first] = shapes;
  if (first === undefined || shapes.length < 3) return undefined;
  const points = shapes.map(({ pose }) => pose.position);
  const middle = (axis: 0 | 1) => points.reduce((sum, p) => sum + p[axis], 0) / points.length;
  const x = middle(0);
  const y = middle(1);
  const around = points.toSorted((a, b) => Math.atan2(a[1] - y, a[0] - x) - Math.atan2(b[1] - y, b[0] - x));
  const geometry = new LineGeometry().setPositions([...around, ...around.slice(0, 1)].flat());
  const [r, g, b] = first.color;
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

function meshOf(geometry: BufferGeometry, [r, g, b, a]: VisualShape["color"], goal: boolean): Mesh {
  const material = new MeshStandardMaterial({
    color: new Color().setRGB(r, g, b, SRGBColorSpace),
    roughness: 0.55,
    metalness: 0.05,
    transparent: a < 1,
    opacity: a,
  });
  if (goal) material.emissive.copy(material.color).multiplyScalar(0.55);
  const mesh = new Mesh(geometry, material);
  mesh.castShadow = !goal;
  mesh.receiveShadow = !goal;
  return mesh;
}

/** A faint copy of a goal marker that is seen through what stands before it. */
function throughOthers(marker: Mesh): Mesh {
  const { color } = marker.material as MeshStandardMaterial;
  const material = new MeshBasicMaterial({ color, transparent: true, opacity: 0.35, depthTest: false });
  const ghost = new Mesh(marker.geometry, material);
  ghost.renderOrder = 1;
  return ghost;
}

/** Frees what the objects hold on the graphics processor. */
export function disposeBodies(groups: readonly Group[]): void {
  for (const group of groups) {
    for (const child of group.children as Mesh[]) {
      for (const geometry of Object.values(details.get(child) ?? [child.geometry])) geometry.dispose();
      (child.material as MeshStandardMaterial).dispose();
    }
  }
}
