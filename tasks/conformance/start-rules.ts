import { endsEpisode } from "../../sim/ends-episode.js";
import { Environment } from "../../sim/environment.js";
import type { Task } from "../../sim/task.js";
import {
  type ConformanceRule,
  ensure,
  ensureSameTrace,
  randomActions,
  shortEpisode,
  trace,
} from "./support.js";

/** Starts that are looked at. */
const STARTS = 10;

function checkLearningStarts(task: Task): void {
  if (task.createLearningScene === undefined) return;
  const environments: Environment[] = [];
  const made = (variedStarts: boolean): Environment => {
    const environment = new Environment(task, { variedStarts });
    environments.push(environment);
    return environment;
  };
  try {
    const [varied, again, own] = [made(true), made(true), made(false)];
    checkAlike(varied, own);
    const starts = new Set<string>();
    for (let seed = 0; seed < STARTS; seed++) {
      const start = varied.reset(seed);
      starts.add(start.join());
      ensure(start.join() === again.reset(seed).join(), `two starts for seed ${seed}`, "one");
      ensure(!endsEpisode(task, start), `a start with seed ${seed} at which the episode is over`);
      checkGoesOn(varied, own, seed);
    }
    ensure(starts.size > STARTS / 2, `${starts.size} different starts of ${STARTS}`, "starts that vary");
  } finally {
    for (const environment of environments) environment.close();
  }
}

/** The same bodies and measures: recordings of learning episodes are like others. */
function checkAlike({ scene: varied }: Environment, { scene: own }: Environment): void {
  const names = ({ bodies }: typeof own) => bodies.map(({ name, fixed }) => `${name} ${fixed}`).join(", ");
  ensure(names(varied) === names(own), `bodies ${names(varied)}`, names(own));
  const measures = (scene: typeof own) => Object.keys(scene.measure()).join(", ");
  ensure(measures(varied) === measures(own), `measures ${measures(varied)}`, measures(own));
}

/** From a start's snapshot the task's own scene goes on as the one for learning does: `replay --verify` does so. */
function checkGoesOn(varied: Environment, own: Environment, seed: number): void {
  const actions = randomActions(varied.task, seed, Math.min(5, shortEpisode(varied.task)));
  own.restore(varied.snapshot());
  ensureSameTrace(
    trace(varied, actions),
    trace(own, actions),
    "between the scene for learning and the task's own",
  );
}

/** Rules of a task that varies its starts for learning; every other task keeps them as it is. */
export const startRules: readonly ConformanceRule[] = [
  {
    name: "learning-starts",
    expected:
      "createLearningScene() gives the task's scene with starts that vary, decided by reset()'s argument alone; snapshots of both fit both",
    check: checkLearningStarts,
  },
];
