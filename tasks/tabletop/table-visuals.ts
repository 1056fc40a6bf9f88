import { IDENTITY, scale, type Vec3 } from "../../sim/core/math/vector.js";
import type { VisualBody, VisualShape } from "../../sim/task.js";
import type { BlockGoal, Tabletop } from "./layout.js";

const TABLE_COLOR = [0.78, 0.76, 0.72, 1] as const;
const GOAL_COLOR = [0.2, 0.75, 0.35, 1] as const;

/** The heavier, the darker: 100 kg/m³ is light wood, 500 kg/m³ dark. */
export function woodColor(density: number): VisualShape["color"] {
  const light = 1 - 0.55 * Math.min(Math.max((density - 100) / 400, 0), 1);
  return [0.95 * light, 0.7 * light, 0.4 * light, 1];
}

/** A box with half extents `half` in a body's frame. */
export function box(half: Vec3, position: Vec3, color: VisualShape["color"]): VisualShape {
  return { kind: "box", size: scale(half, 2), pose: { position, rotation: IDENTITY }, color };
}

/** The table, in world coordinates. */
export function tableBody({ centerX, half, height }: Tabletop): VisualBody {
  const shape = box([half[0], half[1], height / 2], [centerX, 0, height / 2], TABLE_COLOR);
  return { name: "table", fixed: true, shapes: [shape] };
}

/** Markers on the table where a block's corners are to come to rest, in world coordinates. */
export function goalBody({ corners }: BlockGoal, { height }: Tabletop): VisualBody {
  const markers = corners.map(
    ([x, y]): VisualShape => ({
      kind: "cylinder",
      size: [0.02, 0.02, 0.002],
      pose: { position: [x, y, height], rotation: IDENTITY },
      color: GOAL_COLOR,
    }),
  );
  return { name: "goal", fixed: true, shapes: markers };
}
