import type { MlpShape } from "../network.js";
import { fullOutput } from "./full-output.js";
import { hypercomplexOutput } from "./hypercomplex-output.js";
import { lowRankOutput } from "./low-rank-output.js";
import type { OutputForm } from "./output-form.js";

/** Names of the forms in which a hypernetwork can generate a network. */
export const OUTPUTS = ["full", "low-rank", "hypercomplex"] as const;

export type OutputName = (typeof OUTPUTS)[number];

/** Which form the generated numbers have, with what decides their number. */
export interface OutputChoice {
  /** Default `full`. */
  readonly output?: OutputName;
  /** Of `low-rank`; default 4. */
  readonly rank?: number;
  /** Of `hypercomplex`; default 2. */
  readonly algebra?: number;
}

/** The form of the numbers that are generated for a network. */
export function outputForm({
  target,
  output = "full",
  rank = 4,
  algebra = 2,
}: OutputChoice & { readonly target: MlpShape }): OutputForm {
  switch (output) {
    case "full":
      return fullOutput(target);
    case "low-rank":
      return lowRankOutput(target, rank);
    case "hypercomplex":
      return hypercomplexOutput(target, algebra);
  }
}
