import { add, length, rotate, sub } from "../../../sim/core/math/vector.js";
import type { Pose } from "../../../sim/task.js";
import { type CheetahBody, cheetahLinks } from "../../../tasks/cheetah/layout.js";

/**
 * Largest separation of a joint's two anchors, m: how far the solver let the body come apart.
 * @param pose of a link by its name
 */
export function jointSeparation(body: CheetahBody, pose: (name: string) => Pose): number {
  const links = cheetahLinks(body);
  const [, ...legs] = links;
  const gaps = legs.map(({ name, hinge }) => {
    const parent = pose(links[hinge.parent]!.name);
    const anchor = add(parent.position, rotate(parent.rotation, hinge.anchor));
    return length(sub(anchor, pose(name).position));
  });
  return Math.max(...gaps);
}
