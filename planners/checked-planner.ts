import { InputError } from "../sim/core/errors.js";
import { inWords } from "../sim/core/in-words.js";
import type { Rng } from "../sim/core/rng.js";
import type { SettingValues } from "../sim/core/setting-fields.js";
import type {
  CostFunction,
  CostGradientFunction,
  Planner,
  PlannerDefinition,
  PlannerState,
  PlanningProblem,
  Plans,
} from "./types.js";

/**
 * Makes a planner as its definition says, which is checked from then on: one of a user's own need not have been checked by
 * TypeScript.
 * @throws InputError when the definition makes something else than a planner; UsageError as `create` does
 */
export function createPlanner(
  definition: PlannerDefinition,
  problem: PlanningProblem,
  settings: SettingValues<PlannerDefinition["settings"]>,
  rng: Rng,
): Planner {
  const planner = definition.create(problem, settings, rng);
  checkMembers(planner, definition.name);
  return new CheckedPlanner(planner, definition.name, problem);
}

const PLANNER_MEMBERS = Object.keys({
  plan: true,
  plans: true,
  reset: true,
  state: true,
  restore: true,
} satisfies Record<keyof Planner, true>);

function checkMembers(planner: unknown, name: string): void {
  const isObject = typeof planner === "object" && planner !== null;
  const member = (key: string): unknown => (isObject ? Reflect.get(planner, key) : undefined);
  const missing = PLANNER_MEMBERS.find((key) => typeof member(key) !== "function");
  if (missing === undefined) return;
  throw wrong(name, "makes a planner that cannot be used", {
    got: isObject ? `${missing} is ${inWords(member(missing))}` : `create returned ${inWords(planner)}`,
    expected: `an object with the functions ${PLANNER_MEMBERS.join(", ")}`,
  });
}

function wrong(name: string, what: string, found: { got: string; expected: string }): InputError {
  return new InputError({
    what: `Planner ${name} ${what}`,
    ...found,
    todo: "docs/guides/own-planner.md says what a planner is",
  });
}

/** A value from outside as a message shows it, with its length where it is an array of numbers. */
const sizeOf = (value: unknown): string =>
  value instanceof Float32Array ? `${value.length} numbers` : inWords(value);

/** A planner whose calls and answers are checked for their sizes. */
class CheckedPlanner implements Planner {
  readonly #planner: Planner;
  readonly #name: string;
  readonly #horizon: number;
  readonly #actionSize: number;

  constructor(planner: Planner, name: string, { horizon, low }: PlanningProblem) {
    this.#planner = planner;
    this.#name = name;
    this.#horizon = horizon;
    this.#actionSize = low.length;
  }

  /** @throws InputError when it asks for costs of another number of actions, or plans something else than an action */
  async plan(cost: CostFunction, gradient: CostGradientFunction): Promise<Float32Array> {
    const action: unknown = await this.#planner.plan(
      (actions, samples, meanwhile) => {
        this.#checkActions("cost", actions, samples);
        return cost(actions, samples, meanwhile);
      },
      (actions, samples) => {
        this.#checkActions("gradient", actions, samples);
        return gradient(actions, samples);
      },
    );
    if (action instanceof Float32Array && action.length === this.#actionSize) return action;
    throw wrong(this.#name, "does not plan an action", {
      got: `plan() gave ${sizeOf(action)}`,
      expected: `a Float32Array of ${this.#actionSize}, one number for each entry of an action`,
    });
  }

  #checkActions(what: string, actions: unknown, samples: unknown): void {
    const size = this.#horizon * this.#actionSize;
    const counted = typeof samples === "number" && Number.isInteger(samples) && samples > 0;
    if (counted && actions instanceof Float32Array && actions.length === size * samples) return;
    throw wrong(this.#name, `calls ${what}(actions, samples) with what does not fit together`, {
      got: `actions: ${sizeOf(actions)}, samples: ${inWords(samples)}`,
      expected: `a Float32Array [H, N, U] with N = samples, H = ${this.#horizon} and U = ${this.#actionSize}${
        counted ? `: ${size * samples} numbers` : ""
      }`,
    });
  }

  /** @throws InputError when they are of other sizes */
  plans(most: number): Plans {
    const plans: Partial<Plans> | undefined = this.#planner.plans(most);
    const { chosen, others } = plans ?? {};
    const size = this.#horizon * this.#actionSize;
    const fits =
      chosen instanceof Float32Array &&
      chosen.length === size &&
      others instanceof Float32Array &&
      others.length % size === 0 &&
      others.length <= most * size;
    if (fits) return { chosen, others };
    throw wrong(this.#name, "gives no plans that can be recorded", {
      got: `plans(${most}) with chosen: ${sizeOf(chosen)}, others: ${sizeOf(others)}`,
      expected: `chosen [H, U] and others [K, H, U] as Float32Arrays, H = ${this.#horizon}, U = ${this.#actionSize}, K at most ${most}`,
    });
  }

  reset(): void {
    this.#planner.reset();
  }

  /** @throws InputError when it is something that cannot be saved */
  state(): PlannerState {
    const state: Partial<PlannerState> | undefined = this.#planner.state();
    const { rng, arrays } = state ?? {};
    const words: unknown = rng?.words;
    const isStream = Array.isArray(words) && words.length === 4 && words.every(Number.isInteger);
    if (!isStream || typeof rng?.path !== "string") {
      throw wrong(this.#name, "gives a state that cannot be saved", {
        got: `state() with rng: ${inWords(rng)}`,
        expected: "rng: the state() of its stream of random numbers",
      });
    }
    const named = typeof arrays === "object" && arrays !== null ? Object.entries(arrays) : undefined;
    const other = named?.find(([, value]: [string, unknown]) => !(value instanceof Float32Array));
    if (named === undefined || other !== undefined) {
      const [path, value] = other === undefined ? ["arrays", arrays] : [`arrays.${other[0]}`, other[1]];
      throw wrong(this.#name, "gives a state that cannot be saved", {
        got: `state() with ${path}: ${inWords(value)}`,
        expected: "arrays: an object of Float32Arrays by name, {} for none",
      });
    }
    return { rng, arrays: arrays ?? {} };
  }

  /** @throws InputError when an array has another size */
  restore(state: PlannerState): void {
    this.#planner.restore(state);
  }
}
