import { z } from "zod";
import type { Channel } from "../task.js";
import type { EpisodeSpec, EpisodeStart, EpisodeStep } from "./episode.js";

/**
 * The JSON messages `/reset` (once) and `/step`. Vectors are objects keyed by channel name, so that a plot in
 * Foxglove says `/step.observation.corner0X`.
 */
export class StepCodec {
  readonly #spec: EpisodeSpec;
  readonly #reset;
  readonly #step;
  readonly #observationKeys: readonly string[];
  readonly #actionKeys: readonly string[];

  constructor(spec: EpisodeSpec) {
    this.#spec = spec;
    this.#reset = resetSchema(spec);
    this.#step = stepSchema(spec);
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
    const { observation, measures, stateHash } = this.#reset.parse(parseJson(message));
    return {
      observation: vectorOf(this.#spec.observation, observation),
      measures: measuresOf(measures),
      stateHash,
    };
  }

  /** @throws SyntaxError, ZodError, or Error when the message is not step `number`. */
  decodeStep(message: Uint8Array, number: number): EpisodeStep {
    const fields = this.#step.parse(parseJson(message));
    if (fields.step !== number) throw new Error(`step ${fields.step} where step ${number} belongs`);
    const { reward, return: returnSoFar, terminated, truncated, stateHash } = fields;
    return {
      action: vectorOf(this.#spec.action, fields.action),
      observation: vectorOf(this.#spec.observation, fields.observation),
      reward,
      returnSoFar,
      terminated,
      truncated,
      measures: measuresOf(fields.measures),
      stateHash,
    };
  }
}

const measuresSchema = z
  .record(z.string(), z.number().nullable())
  .describe("Figures for people, in the unit their name ends with; null when not finite");
const hashSchema = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .describe("SHA-256 of the scene's snapshot");

function vectorSchema(channels: readonly Channel[]) {
  return z.object(Object.fromEntries(channels.map(({ name, unit }) => [name, z.number().describe(unit)])));
}

function resetSchema(spec: EpisodeSpec) {
  return z.object({
    observation: vectorSchema(spec.observation),
    measures: measuresSchema,
    stateHash: hashSchema,
  });
}

function stepSchema(spec: EpisodeSpec) {
  return z.object({
    step: z.int().min(1),
    action: vectorSchema(spec.action),
    observation: vectorSchema(spec.observation),
    reward: z.number(),
    return: z.number().describe("Sum of the rewards so far"),
    terminated: z.boolean(),
    truncated: z.boolean(),
    measures: measuresSchema,
    stateHash: hashSchema.optional(),
  });
}

function parseJson(message: Uint8Array): unknown {
  return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(message));
}

function vectorOf(channels: readonly Channel[], values: Record<string, number>): Float32Array {
  return Float32Array.from(channels, ({ name }) => values[name]);
}

function measuresOf(fields: Record<string, number | null>): Record<string, number> {
  return Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, value ?? Number.NaN]));
}

function measuresText(measures: Readonly<Record<string, number>>): string {
  const entries = Object.entries(measures);
  return `{${entries.map(([key, value]) => `${JSON.stringify(key)}:${numberText(value)}`).join(",")}}`;
}

function vectorText(keys: readonly string[], values: Float32Array): string {
  let text = "{";
  for (let i = 0; i < keys.length; i++) text += `${i === 0 ? "" : ","}${keys[i]}:${float32Text(values[i])}`;
  return `${text}}`;
}

/** `JSON.stringify` would turn -0 into 0, which is another bit pattern. */
function numberText(x: number): string {
  if (!Number.isFinite(x)) return "null";
  return Object.is(x, -0) ? "-0" : String(x);
}

/** The shortest decimal of 7 to 9 digits that reads back as the same float32: half the bytes of the float64. */
function float32Text(x: number): string {
  for (let digits = 7; digits < 9; digits++) {
    const short = Number(x.toPrecision(digits));
    if (Math.fround(short) === x) return numberText(x === 0 ? x : short);
  }
  return numberText(Number(x.toPrecision(9)));
}
