import { z } from "zod";
import { numberText, parseMessage } from "./json-text.js";
import { checkLimit, type NumberCount } from "./limits.js";

/** Which task the robot thinks that it faces. */
export interface Belief {
  /** Names of the tasks that it may be. */
  readonly tasks: readonly string[];
  /** The probability of each, in the same order. */
  readonly probabilities: ArrayLike<number>;
}

/** What a robot that was not told its task thought of it in an episode. */
export interface EpisodeBeliefs {
  /** Names of the tasks that it may have been, K. */
  readonly tasks: readonly string[];
  /** The probability of each with which each step was planned, `[S, K]`; steps of a damaged recording may be without. */
  readonly probabilities: Float64Array;
}

const beliefSchema = z.object({
  step: z.int().min(1),
  probabilities: z.record(z.string(), z.number().min(0).max(1)),
});

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

/**
 * The beliefs of the steps of an episode, from their messages.
 * @param messages of the first step and those that follow
 * @returns undefined where there are none
 * @throws SyntaxError, ZodError, or Error where a message is of another step or other tasks, LimitExceeded
 */
export function decodeBeliefs(
  messages: readonly Uint8Array[],
  numbers: NumberCount,
): EpisodeBeliefs | undefined {
  const [first] = messages;
  if (first === undefined) return undefined;
  const tasks = Object.keys(readBelief(first).probabilities);
  checkLimit("believedTasks", tasks.length);
  for (const name of tasks) checkLimit("nameLength", name.length);
  numbers.add(messages.length * tasks.length);
  const probabilities = new Float64Array(messages.length * tasks.length);
  for (const [i, message] of messages.entries()) {
    const belief = readBelief(message);
    if (belief.step !== i + 1) throw new Error(`a belief of step ${belief.step} where step ${i + 1} belongs`);
    for (const [k, name] of tasks.entries()) {
      const probability = belief.probabilities[name];
      if (probability === undefined) throw new Error(`no probability of ${name} in step ${i + 1}`);
      probabilities[i * tasks.length + k] = probability;
    }
  }
  return { tasks, probabilities };
}

function readBelief(message: Uint8Array) {
  return beliefSchema.parse(parseMessage(message));
}
