import { layerSizes, type MlpShape, weightCount } from "../network.js";
import { xavierBound } from "../parameters.js";
import { boundsPart, type GeneratedPart, type OutputForm } from "./output-form.js";

/** Every weight and bias of the network is generated as it is: Q = P. */
export function fullOutput(target: MlpShape): OutputForm {
  const layers = layerSizes(target).flatMap(([fanIn, out]): GeneratedPart[] => [
    { count: fanIn * out, bound: xavierBound(fanIn, out) },
    { count: out, bound: 0 },
  ]);
  return {
    count: weightCount(target),
    parts: [...layers, ...boundsPart(target)],
    hasBase: false,
    weights: (generated) => generated,
  };
}
