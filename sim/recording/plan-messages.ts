import { z } from "zod";
import { foreign } from "../core/foreign.js";
import { NO_ROTATION, type XYZ, xyz } from "../core/math/vector.js";
import { endsEpisode } from "../ends-episode.js";
import type { Point, Scene, Task } from "../task.js";
import type { EpisodePlan, EpisodeSpec, Forecast, PlannedPath } from "./episode.js";
import { countFields, sceneUpdate } from "./foxglove.js";
import { float32Text, parseMessage } from "./json-text.js";
import { checkLimit, type NumberCount } from "./limits.js";
import { timestamp } from "./scene-messages.js";

/** LINE_STRIP of `foxglove.LinePrimitive`. */
const LINE_STRIP = 0;
/** Foxglove's lines with `scale_invariant` are as wide as so many pixels. */
const WIDTH = { chosen: 3, other: 1 } as const;
const COLOR = { chosen: { r: 0.1, g: 0.45, b: 0.9, a: 1 }, other: { r: 0.1, g: 0.5, b: 0.85, a: 0.5 } };
const ID_PREFIX = "plan/";

/**
 * The two messages of a plan: `/plan`, a `foxglove.SceneUpdate` with one entity per landmark that holds a line for the
 * chosen sequence, the first, and thinner ones for others, and `/prediction`, JSON with every expected observation entry as a list
 * over the horizon. Both end where a prediction stops being finite, or with the state that ends the episode.
 */
export class PlanCodec {
  readonly #spec: EpisodeSpec;
  readonly #prediction;

  constructor(spec: EpisodeSpec) {
    this.#spec = spec;
    const entries = spec.observation.map(({ name, unit }) => [name, z.array(z.number()).describe(unit)]);
    this.#prediction = z.object({
      step: z.int().min(1).describe("The step that was made by this plan"),
      observation: z
        .object(Object.fromEntries(entries) as Record<string, z.ZodArray<z.ZodNumber>>)
        .describe("Expected after that step and after each one later"),
    });
  }

  /** JSON schema of `/prediction`, as JSON. */
  schema(): string {
    return JSON.stringify(z.toJSONSchema(this.#prediction));
  }

  /**
   * @param paths of every landmark the chosen one first
   * @param time simulated time, ns
   */
  encodePaths(paths: readonly PlannedPath[], time: bigint): Uint8Array {
    const stamp = timestamp(time);
    const names = [...new Set(paths.map(({ landmark }) => landmark))];
    const entities = names.map((landmark) =>
      lineEntity(ID_PREFIX + landmark, stamp, paths.filter((path) => path.landmark === landmark).map(lineOf)),
    );
    return sceneUpdate.type.encode({ deletions: [], entities }).finish();
  }

  /**
   * @param step that is made by the plan, 1 the first
   * @param expected `[h, X]`
   */
  encodePrediction(step: number, expected: Float32Array): Uint8Array {
    const names = this.#spec.observation.map(({ name }) => JSON.stringify(name));
    const column = (x: number) =>
      Array.from({ length: expected.length / names.length }, (_, h) =>
        float32Text(expected[h * names.length + x]!),
      );
    const lists = names.map((name, x) => `${name}:[${column(x).join(",")}]`);
    return new TextEncoder().encode(`{"step":${step},"observation":{${lists.join(",")}}}`);
  }

  /** @throws SyntaxError, ZodError or Error on malformed messages, LimitExceeded on too long ones */
  decode(paths: Uint8Array, prediction: Uint8Array, numbers: NumberCount): EpisodePlan {
    const { step, observation } = this.#prediction.parse(parseMessage(prediction));
    const columns = this.#spec.observation.map(({ name }) => observation[name] ?? []);
    const steps = columns[0]?.length ?? 0;
    numbers.add(steps * columns.length);
    const expected = new Float32Array(steps * columns.length);
    for (const [x, column] of columns.entries()) {
      for (let h = 0; h < steps; h++) expected[h * columns.length + x] = column[h] ?? Number.NaN;
    }
    return { step, expected, paths: decodePaths(paths, numbers) };
  }
}

function lineOf({ chosen, points }: PlannedPath) {
  const kind = chosen ? "chosen" : "other";
  return lineStrip(points, WIDTH[kind], COLOR[kind]);
}

/** An entity of lines that stand in the world, as `foxglove.SceneEntity`. @param lines as `lineStrip` makes them */
export function lineEntity(id: string, stamp: ReturnType<typeof timestamp>, lines: readonly object[]) {
  return { timestamp: stamp, frame_id: "world", id, lifetime: timestamp(0n), frame_locked: true, lines };
}

/**
 * A line through points `[n, 3]` (m), as `foxglove.LinePrimitive`.
 * @param thickness pixels
 */
export function lineStrip(points: Float32Array, thickness: number, color: object) {
  return {
    type: LINE_STRIP,
    pose: { position: xyz([0, 0, 0]), orientation: NO_ROTATION },
    thickness,
    scale_invariant: true,
    points: Array.from({ length: points.length / 3 }, (_, i) => ({
      x: points[3 * i],
      y: points[3 * i + 1],
      z: points[3 * i + 2],
    })),
    color,
  };
}

/** What a line takes besides its points, in numbers. */
export const LINE_OVERHEAD = 16;

/** How many numbers a plan takes by itself, not padded. */
export function numbersOfPlan({ expected, paths }: EpisodePlan): number {
  return paths.reduce((sum, { points }) => sum + LINE_OVERHEAD + points.length, expected.length);
}

function decodePaths(message: Uint8Array, numbers: NumberCount): PlannedPath[] {
  checkLimit("bodies", countFields(message));
  const { entities } = foreign<{
    entities: { id: string; lines: { points: XYZ[] }[] }[];
  }>(sceneUpdate.type.decode(message));
  return entities.flatMap(({ id, lines }) =>
    lines.map(({ points }, i) => {
      numbers.add(LINE_OVERHEAD + 3 * points.length);
      return { landmark: id.slice(ID_PREFIX.length), chosen: i === 0, points: flatPoints(points) };
    }),
  );
}

/** Points (m) as an array `[n, 3]`. */
export function flatPoints(points: readonly XYZ[]): Float32Array {
  const out = new Float32Array(3 * points.length);
  for (const [i, { x, y, z }] of points.entries()) {
    out[3 * i] = x;
    out[3 * i + 1] = y;
    out[3 * i + 2] = z;
  }
  return out;
}

/** Rows `[X]` of a prediction `[H, X]`, before the first that is not finite and until the one that ends the episode. */
export function predictedRows(prediction: Float32Array, task: Task): Float32Array[] {
  const width = task.spec.observation.length;
  const rows = Array.from({ length: prediction.length / width }, (_, h) =>
    prediction.subarray(h * width, (h + 1) * width),
  );
  const bad = rows.findIndex((row) => !row.every(Number.isFinite));
  const finite = bad === -1 ? rows : rows.slice(0, bad);
  const end = finite.findIndex((row) => endsEpisode(task, row));
  return end === -1 ? finite : finite.slice(0, end + 1);
}

/**
 * Paths of a task's landmarks from the present observation `[X]` along a forecast; none of a task without landmarks.
 * @param scene in its present state
 */
export function plannedPaths(
  task: Task,
  scene: Scene,
  present: Float32Array,
  { chosen, others }: Forecast,
): PlannedPath[] {
  const { landmarks } = task;
  if (landmarks === undefined) return [];
  const size = chosen.length;
  const sequences = [chosen];
  for (let k = 0; k < others.length / size; k++) sequences.push(others.subarray(k * size, (k + 1) * size));
  return sequences.flatMap((sequence, s) => {
    const rows = landmarks.locate([present, ...predictedRows(sequence, task)], scene);
    return landmarks.names.map((landmark, t) => ({
      landmark,
      chosen: s === 0,
      points: Float32Array.from(rows.flatMap((points): Point => points[t]!)),
    }));
  });
}
