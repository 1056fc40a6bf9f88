import { z } from "zod";
import { numberText } from "./json-text.js";

/** Which task the robot thinks that it faces. */
export interface Belief {
  /** Names of the tasks that it may be. */
  readonly tasks: readonly string[];
  /** The probability of each, in the same order. */
  readonly probabilities: ArrayLike<number>;
}

/** The JSON message `/belief`, of an episode whose task was not announced: the probability of each task by its name. */
export class BeliefCodec {
  readonly #schema;

  /** @param tasks names of those that it may be */
  constructor(tasks: readonly string[]) {
    this.#schema = z.object({
      step: z.int().min(1).describe("The step that was planned with this belief"),
      probabilities: z.object(
        Object.fromEntries(tasks.map((name) => [name, z.number().describe("probability")])),
      ),
    });
  }

  /** JSON schema of the message, as JSON. */
  schema(): string {
    return JSON.stringify(z.toJSONSchema(this.#schema));
  }

  /** @param step that is planned with it, 1 the first */
  encode(step: number, { tasks, probabilities }: Belief): Uint8Array {
    const entries = tasks.map((name, k) => `${JSON.stringify(name)}:${numberText(probabilities[k]!)}`);
    return new TextEncoder().encode(`{"step":${step},"probabilities":{${entries.join(",")}}}`);
  }
}
