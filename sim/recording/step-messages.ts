import { z } from "zod";
import type { Channel } from "../task.js";
import type { EpisodeSpec, EpisodeStart, EpisodeStep } from "./episode.js";
import { float32Text, numberText, parseMessage } from "./json-text.js";
import { checkLimit } from "./limits.js";

/**
 * The JSON messages `/reset` (once) and `/step`. Vectors are objects keyed by channel name, so that a plot in
 * Foxglove says `/step.observation.frontLeftX`. A measure that is not finite is left out.
 */
export class StepCodec {
  readonly #spec: EpisodeSpec;
  readonly #measures: readonly string[] | undefined;
  readonly #reset;
  readonly #step;
  readonly #observationKeys: readonly string[];
  readonly #actionKeys: readonly string[];

  /** @param measures names of the measures; undefined for recordings that do not say: those that a message has */
  constructor(spec: EpisodeSpec, measures: readonly string[] | undefined) {
    this.#spec = spec;
    this.#measures = measures;
    this.#reset = resetSchema(spec, measures);
    this.#step = stepSchema(spec, measures);
    this.#observationKeys = spec.observation.map(({ name }) => JSON.stringify(name));
    this.#actionKeys = spec.action.map(({ name }) => JSON.stringify(name));
  }

  /** JSON schemas of the messages, as JSON. */
  schemas(): { reset: string; step: string } {
    return {
      reset: JSON.stringify(z.toJSONSchema(this.#reset)),
      step: JSON.stringify(z.toJSONSchema(this.#step)),
    };
  }

  encodeStart({ observation, measures, stateHash }: EpisodeStart): Uint8Array {
    const vector = vectorText(this.#observationKeys, observation);
    return new TextEncoder().encode(
      `{"observation":${vector},"measures":${measuresText(measures)},"stateHash":"${stateHash}"}`,
    );
  }

  /** `number` is 1 for the first step. */
  encodeStep(step: EpisodeStep, number: number): Uint8Array {
    const hash = step.stateHash === undefined ? "" : `,"stateHash":"${step.stateHash}"`;
    return new TextEncoder().encode(
      `{"step":${number},"action":${vectorText(this.#actionKeys, step.action)},` +
        `"observation":${vectorText(this.#observationKeys, step.observation)},` +
        `"reward":${numberText(step.reward)},"return":${numberText(step.returnSoFar)},` +
        `"terminated":${step.terminated},"truncated":${step.truncated},` +
        `"measures":${measuresText(step.measures)}${hash}}`,
    );
  }

  /** @throws SyntaxError or ZodError */
  decodeStart(message: Uint8Array): EpisodeStart {
    const { observation, measures, stateHash } = this.#reset.parse(parseMessage(message));
    return {
      observation: vectorOf(this.#spec.observation, observation),
      measures: this.#measuresOf(measures),
      stateHash,
    };
  }

  /** @throws SyntaxError, ZodError, or Error when the message is not step `number`. */
  decodeStep(message: Uint8Array, number: number): EpisodeStep {
    const fields = this.#step.parse(parseMessage(message));
    if (fields.step !== number) throw new Error(`step ${fields.step} where step ${number} belongs`);
    const { reward, return: returnSoFar, terminated, truncated, stateHash } = fields;
    return {
      action: vectorOf(this.#spec.action, fields.action),
      observation: vectorOf(this.#spec.observation, fields.observation),
      reward,
      returnSoFar,
      terminated,
      truncated,
      measures: this.#measuresOf(fields.measures),
      stateHash,
    };
  }

  #measuresOf(fields: Record<string, number | null | undefined>): Record<string, number> {
    const names = this.#measures ?? Object.keys(fields);
    checkLimit("channels", names.length);
    return Object.fromEntries(names.map((name) => [name, fields[name] ?? Number.NaN]));
  }
}

/**
 * Every object lists its properties and every property has one plain type: Foxglove refuses a topic whose schema has
 * an object without a list or a choice of types.
 */
function measuresSchema(names: readonly string[] | undefined) {
  const text = "Figures for people, in the unit their name ends with; left out when not finite";
  // Recordings of earlier versions do not say which measures there are, and have null for what is not finite.
  if (names === undefined) return z.record(z.string(), z.number().nullable()).describe(text);
  return z.object(Object.fromEntries(names.map((name) => [name, z.number().optional()]))).describe(text);
}

const hashSchema = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .describe("SHA-256 of the scene's snapshot");

function vectorSchema(channels: readonly Channel[]) {
  return z.object(Object.fromEntries(channels.map(({ name, unit }) => [name, z.number().describe(unit)])));
}

function resetSchema(spec: EpisodeSpec, measures: readonly string[] | undefined) {
  return z.object({
    observation: vectorSchema(spec.observation),
    measures: measuresSchema(measures),
    stateHash: hashSchema,
  });
}

function stepSchema(spec: EpisodeSpec, measures: readonly string[] | undefined) {
  return z.object({
    step: z.int().min(1),
    action: vectorSchema(spec.action),
    observation: vectorSchema(spec.observation),
    reward: z.number(),
    return: z.number().describe("Sum of the rewards so far"),
    terminated: z.boolean(),
    truncated: z.boolean(),
    measures: measuresSchema(measures),
    stateHash: hashSchema.optional(),
  });
}

function vectorOf(channels: readonly Channel[], values: Record<string, number>): Float32Array {
  return Float32Array.from(channels, ({ name }) => values[name]!);
}

function measuresText(measures: Readonly<Record<string, number>>): string {
  const entries = Object.entries(measures).filter(([, value]) => Number.isFinite(value));
  return `{${entries.map(([key, value]) => `${JSON.stringify(key)}:${numberText(value)}`).join(",")}}`;
}

function vectorText(keys: readonly string[], values: Float32Array): string {
  let text = "{";
  for (let i = 0; i < keys.length; i++) text += `${i === 0 ? "" : ","}${keys[i]}:${float32Text(values[i]!)}`;
  return `${text}}`;
}
