import { elementAt } from "../../sim/core/element.js";
import { Rng } from "../../sim/core/rng.js";
import { medians, memoryPassJob, timed } from "./measure.js";
import { joinSections, named, type Section } from "./result.js";

// Four push plans' worth: 500 samples × 20 steps × 2 actions × 5 iterations each.
const LENGTH = 400_000;

/** Ways to fill an array with standard normal numbers. */
const GENERATORS: readonly { name: string; fill: (rng: Rng, out: Float32Array) => void }[] = [
  { name: "normal", fill: (rng, out) => rng.fillNormal(out) },
];

/** Random numbers against a copy of as many: no generator can be faster than writing its numbers. */
export async function benchNoise(): Promise<Section> {
  const out = new Float32Array(LENGTH);
  const rng = Rng.fromSeed(1);
  const jobs = GENERATORS.map(({ fill }) => timed(() => fill(rng, out)));
  const ms = await medians([...jobs, memoryPassJob(LENGTH)]);
  const passMs = elementAt(ms, GENERATORS.length, "times");
  return joinSections(GENERATORS.map(({ name }, i) => section(name, elementAt(ms, i, "times"), passMs)));
}

function section(name: string, ms: number, passMs: number): Section {
  const millionPerSecond = (time: number) => LENGTH / time / 1e3;
  const row = {
    what: `standard normal numbers, ${name}`,
    figure: `${millionPerSecond(ms).toFixed(0)} M/s`,
    against: `copying float32 numbers ${millionPerSecond(passMs).toFixed(0)} M/s`,
    ratio: (passMs / ms).toFixed(3),
  };
  const figures = named(`noise.${name}`, {
    rate: [millionPerSecond(ms), "M/s"],
    copyRate: [millionPerSecond(passMs), "M/s"],
    copyShare: [passMs / ms, "share"],
  });
  return { figures, rows: [row] };
}
