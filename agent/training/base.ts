import type { Rng } from "../../sim/core/rng.js";
import { rowsOf } from "../../sim/core/rows.js";
import type { HypernetworkShape } from "../model/hypernetwork.js";
import { weightCount } from "../model/network.js";
import { outputForm } from "../model/outputs/outputs.js";
import { ParameterGroup } from "../model/parameters.js";
import { flatValues, networkParameters } from "./network-parts.js";
import type { EarlierTasks } from "./regularized-trainer.js";

/**
 * Base networks W₀ `[G, P]`, one for each of G members, where the form of output has a base. They are learned together with the factors
 * while nothing is held yet, as plain networks with an optimiser and a clip of their own, and are constants from the next task on: then
 * they cannot forget, and what the regulariser has to hold are the generated numbers alone.
 */
export function createBase(shape: HypernetworkShape, members: number): ParameterGroup | undefined {
  if (!outputForm(shape).hasBase) return undefined;
  return new ParameterGroup([{ name: "base", shape: [members, weightCount(shape.target)], bound: 0 }]);
}

/**
 * Draws the base of each member as a plain network is drawn.
 * @param rng the first member draws from it, every other from a stream of its own
 */
export function drawBase(base: ParameterGroup, { target }: HypernetworkShape, rng: Rng): void {
  rowsOf(base.values(0), weightCount(target)).forEach((row, m) => {
    const network = new ParameterGroup(networkParameters(target));
    network.initialize(m === 0 ? rng : rng.split(`member${m}`));
    row.set(flatValues(network));
  });
  base.clearMoments();
}

/** Whether the base goes on learning: until there are earlier tasks that stand on it. */
export function learnsBase({ targets }: EarlierTasks): boolean {
  return targets.length === 0;
}
