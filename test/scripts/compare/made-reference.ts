import { describeSuite, hashTask } from "../../../agent/run/suite-record.js";
import type { LearningCurve } from "../../../scripts/compare/learning-curves.js";
import type { OracleReference } from "../../../scripts/compare/oracle-file.js";
import type { Oracle } from "../../../scripts/compare/oracle-reference.js";
import { pushSuite } from "../../../tasks/push/push.js";
import { take } from "../../take.js";

type Figures = OracleReference["tasks"][number]["oracle"];

/** Two episodes around a mean return, one of which succeeded. */
function figures(mean: number): Figures {
  const returns = [mean - 1, mean + 1];
  return {
    return: { mean, low: null, high: null, n: 2 },
    success: 0.5,
    measures: {},
    episodes: returns.map((value, i) => ({ return: value, success: i === 0, measures: {} })),
  };
}

/** A reference with these mean returns, whose tasks have the specs of push. */
export function madeReference(
  suite: string,
  tasks: readonly string[],
  random: readonly number[],
  oracle: readonly number[],
): OracleReference {
  const [recorded] = take(1, describeSuite(pushSuite, 1, undefined).tasks);
  return {
    ...{ schema: 1, definition: "", suite, versions: { hypercrl: "0.1.0", physics: "rapier 1" } },
    ...{ seed: 1, episodes: 2, firstStart: 90_000, planner: { name: "icem" } },
    tasks: tasks.map((task, j) => ({
      task,
      spec: hashTask({ ...recorded, name: task }),
      random: figures(random[j]!),
      oracle: figures(oracle[j]!),
    })),
  };
}

/** What an oracle got on tasks a and b, one episode each. */
export function madeOracle(random: readonly number[], returns: readonly number[]): Oracle {
  return {
    ...{ tasks: ["a", "b"], random, returns, success: [1, 0.5], counts: {} },
    measured: { random: random.map((mean) => [mean]), returns: returns.map((mean) => [mean]) },
    ...{ episodes: 3, planner: "icem", physics: "rapier3d" },
  };
}

/** Learning of a task: the mean of exploring and running means of planned episodes, 100 steps apart. */
export function madeCurve(explored: number, running: readonly number[]): LearningCurve {
  const mean = running.reduce((sum, value) => sum + value, 0) / running.length;
  return { explored, mean, running, steps: running.map((_, i) => 100 * (i + 1)), total: 1000 };
}
