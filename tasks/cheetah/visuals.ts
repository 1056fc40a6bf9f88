import { axisAngle, IDENTITY } from "../../sim/core/math/vector.js";
import type { VisualBody, VisualShape } from "../../sim/task.js";
import type { CheetahLink } from "./layout.js";

const GROUND = { width: 4, thickness: 0.1, tile: 5, tiles: 80 } as const;
const GROUND_COLORS = [
  [0.72, 0.74, 0.7, 1],
  [0.62, 0.65, 0.61, 1],
] as const;
const BACK_COLOR = [0.55, 0.36, 0.16, 1] as const;
const COLOR = [0.86, 0.62, 0.27, 1] as const;

/** Ground in stripes that show the motion, then the links in their order. The ground is in world coordinates. */
export function cheetahBodies(links: readonly CheetahLink[]): VisualBody[] {
  const { width, thickness, tile, tiles } = GROUND;
  const stripes = Array.from({ length: tiles }, (_, i): VisualShape => {
    const x = (i - tiles / 4 + 0.5) * tile;
    return {
      kind: "box",
      size: [tile, width, thickness],
      pose: { position: [x, 0, -thickness / 2], rotation: IDENTITY },
      color: GROUND_COLORS[i % 2]!,
    };
  });
  const robot = links.map(({ name, capsules }): VisualBody => {
    const shapes = capsules.map(({ center, angle, radius, half }): VisualShape => {
      const diameter = 2 * radius;
      return {
        kind: "capsule",
        size: [diameter, diameter, 2 * half + diameter],
        pose: { position: center, rotation: axisAngle([0, 1, 0], angle) },
        color: name.startsWith("back") ? BACK_COLOR : COLOR,
      };
    });
    return { name, fixed: false, shapes };
  });
  return [{ name: "ground", fixed: true, shapes: stripes }, ...robot];
}
