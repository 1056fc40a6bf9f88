import { findNamed } from "../sim/core/one-of.js";
import type { TaskSuite } from "../sim/task.js";
import { cartPoleSuite } from "./cartpole/cartpole.js";
import { cheetahSuite } from "./cheetah/cheetah.js";
import { doorSuite } from "./door/door.js";
import { pushSuite } from "./push/push.js";
import { pushRandomSuite } from "./push/push-random.js";
import { pushSlideSuite } from "./push-slide/push-slide.js";
import { reacherSuite } from "./reacher/reacher.js";

/** The suites that come with the package, in the order of `hypercrl tasks`. To add one, add it here. */
export const builtinSuites: readonly TaskSuite[] = [
  pushSuite,
  pushSlideSuite,
  doorSuite,
  cheetahSuite,
  pushRandomSuite,
  cartPoleSuite,
  reacherSuite,
];

/** @throws UsageError with the nearest name when there is no such suite. */
export function findSuite(name: string, among: readonly TaskSuite[] = builtinSuites): TaskSuite {
  return findNamed("task suite", name, among);
}
