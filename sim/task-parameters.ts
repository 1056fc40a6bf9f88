import { inWords } from "./core/in-words.js";
import { isLine } from "./core/shown.js";
import type { Task, TaskParameter } from "./task.js";

/** What is wrong with something, and what was expected in its place. */
export interface ParameterFault {
  readonly got: string;
  readonly expected: string;
}

const SCALES: readonly TaskParameter["scale"][] = ["linear", "log"];

/** What is wrong with the parameters that a task declares, which may come from a module that no types were checked of. */
export function parameterFault({ parameters }: Pick<Task, "parameters">): ParameterFault | undefined {
  const list: unknown = parameters;
  if (list === undefined) return undefined;
  if (!Array.isArray(list) || list.length === 0) {
    return { got: `task.parameters is ${inWords(list)}`, expected: "a list of one or more, or nothing" };
  }
  const faults = (list as unknown[]).map((one, i) => faultOf(one, `parameter ${i}`));
  const names = (list as readonly Partial<TaskParameter>[]).map((one) => one?.name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  return (
    faults.find((fault) => fault !== undefined) ??
    (twice === undefined ? undefined : { got: `two parameters named ${twice}`, expected: "unique names" })
  );
}

function faultOf(parameter: unknown, place: string): ParameterFault | undefined {
  if (typeof parameter !== "object" || parameter === null)
    return { got: `${place} is ${inWords(parameter)}`, expected: "an object" };
  const { name, unit, value, low, high, scale } = parameter as Partial<Record<keyof TaskParameter, unknown>>;
  if (!isLine(name)) return { got: `${place} with the name ${inWords(name)}`, expected: "text of one line" };
  const what = `${place} (${name})`;
  if (!isLine(unit)) return { got: `${what} with the unit ${inWords(unit)}`, expected: "m, kg/m³, 1, …" };
  if (!SCALES.some((known) => known === scale))
    return { got: `${what} with the scale ${inWords(scale)}`, expected: SCALES.join(" or ") };
  const numbers = [low, value, high].every((number) => typeof number === "number" && Number.isFinite(number));
  if (!numbers || !isWithin(low as number, value as number, high as number)) {
    const got = `${what} ${inWords(value)} between ${inWords(low)} and ${inWords(high)}`;
    return { got, expected: "finite numbers with low < high and low ≤ value ≤ high" };
  }
  if (scale === "log" && !((low as number) > 0))
    return { got: `${what} from ${inWords(low)} on a logarithmic scale`, expected: "low above 0" };
  return undefined;
}

function isWithin(low: number, value: number, high: number): boolean {
  return low < high && low <= value && value <= high;
}

/** The first task whose parameters are not those of the first one, but for their values. */
export function otherParameters(
  tasks: readonly Pick<Task, "name" | "parameters">[],
): ParameterFault | undefined {
  const first = tasks[0];
  const other = tasks.find(({ parameters }) => declared(parameters) !== declared(first?.parameters));
  if (first === undefined || other === undefined) return undefined;
  return {
    got: `${other.name} with ${declared(other.parameters)}`,
    expected: `${declared(first.parameters)} as ${first.name}`,
  };
}

/** All that is said of parameters but their values. */
function declared(parameters: readonly TaskParameter[] | undefined): string {
  if (parameters === undefined) return "no parameters";
  return parameters
    .map(({ name, unit, low, high, scale }) => `${name} from ${low} to ${high} ${unit} (${scale})`)
    .join(", ");
}

/**
 * Where a task is among all that its parameters allow: each value on the scale of its parameter, with `low` at -1 and `high` at 1.
 * @returns `[D]`
 */
export function coordinatesOf(parameters: readonly TaskParameter[]): Float64Array {
  return Float64Array.from(parameters, ({ value, low, high, scale }) => {
    const on = (number: number) => (scale === "log" ? Math.log(number) : number);
    return (2 * (on(value) - on(low))) / (on(high) - on(low)) - 1;
  });
}

/** A task's parameters as people read them, such as `poleLength 0.6 m`. */
export function parameterText(parameters: readonly TaskParameter[]): string {
  return parameters
    .map(({ name, value, unit }) => `${name} ${value}${unit === "1" ? "" : ` ${unit}`}`)
    .join(", ");
}
