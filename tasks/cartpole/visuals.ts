import { IDENTITY } from "../../sim/core/math/vector.js";
import type { VisualBody, VisualShape } from "../../sim/task.js";
import { RAIL } from "./layout.js";

const RAIL_COLOR = [0.55, 0.57, 0.62, 1] as const;
const CART_COLOR = [0.2, 0.35, 0.65, 1] as const;
const POLE_COLOR = [0.9, 0.55, 0.2, 1] as const;
const GOAL_COLOR = [0.2, 0.75, 0.35, 1] as const;
const THICKNESS = 0.05;

/** Rail, cart, pole of a length (m) and goal of its tip. Fixed bodies are in world coordinates. */
export function cartPoleBodies(length: number): VisualBody[] {
  const body = (name: string, fixed: boolean, shape: VisualShape): VisualBody => ({
    name,
    fixed,
    shapes: [shape],
  });
  const placed = (z: number) => ({ position: [0, 0, z], rotation: IDENTITY }) as const;
  return [
    body("rail", true, {
      kind: "box",
      size: [2 * RAIL.half + 0.3, 0.03, 0.03],
      pose: placed(RAIL.height),
      color: RAIL_COLOR,
    }),
    body("cart", false, { kind: "box", size: [0.3, 0.2, 0.15], pose: placed(0), color: CART_COLOR }),
    body("pole", false, {
      kind: "capsule",
      size: [THICKNESS, THICKNESS, length + THICKNESS],
      pose: placed(length / 2),
      color: POLE_COLOR,
    }),
    body("goal", true, {
      kind: "sphere",
      size: [0.08, 0.08, 0.08],
      pose: placed(RAIL.height + length),
      color: GOAL_COLOR,
    }),
  ];
}
