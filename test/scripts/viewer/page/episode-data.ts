import type { EpisodeData } from "../../../../scripts/viewer/page/data.js";
import type { VisualBody, VisualShape } from "../../../../sim/task.js";
import { HEADER } from "../../../sim/recording/fake-task.js";

export function shape(
  size: VisualShape["size"],
  position: VisualShape["pose"]["position"] = [0, 0, 0],
): VisualShape {
  return { kind: "box", size, pose: { position, rotation: [0, 0, 0, 1] }, color: [1, 0, 0, 1] };
}

export function body(name: string, fixed: boolean, ...shapes: readonly VisualShape[]): VisualBody {
  return { name, fixed, shapes };
}

/** An episode of bodies at given positions, `positions[state][body]`, none of them turned. */
export function episodeOf(
  bodies: readonly VisualBody[],
  positions: readonly (readonly (readonly number[])[])[],
  change: Partial<EpisodeData> = {},
): EpisodeData {
  const steps = positions.length - 1;
  return {
    source: 0,
    file: "a.mcap",
    header: HEADER,
    spec: {
      observation: [
        { name: "x", unit: "m" },
        { name: "y", unit: "m" },
        { name: "v", unit: "m/s" },
      ],
      action: [{ name: "force", unit: "N" }],
      controlPeriod: 0.05,
    },
    totals: { steps, return: 0, success: false },
    steps,
    bodies,
    poses: Float32Array.from(positions.flatMap((state) => state.flatMap((p) => [...p, 0, 0, 0, 1]))),
    observation: Float32Array.from({ length: 3 * (steps + 1) }, (_, i) => i),
    action: Float32Array.from({ length: steps }, (_, i) => -i),
    reward: Float32Array.from({ length: steps }, (_, i) => i + 1),
    returns: Float32Array.from({ length: steps + 1 }, (_, i) => (i * (i + 1)) / 2),
    measureNames: ["height", "positionErrorMm"],
    measures: Float32Array.from({ length: 2 * (steps + 1) }, (_, i) => i / 2),
    ...change,
  };
}
