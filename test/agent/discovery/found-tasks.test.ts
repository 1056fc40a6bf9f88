import { expect, it } from "vitest";
import { BeliefCounts } from "../../../agent/discovery/belief-counts.js";
import { FoundTasks } from "../../../agent/discovery/found-tasks.js";

it("numbers tasks as they are found, and goes on from a saved state", () => {
  const found = new FoundTasks(2, 4, 100);
  expect(found.at()).toEqual({ index: 0, task: 2, earlierVisits: 0, randomSteps: 100 });
  found.beginNew(0, 120);
  expect(found.at()).toEqual({ index: 1, task: 0, earlierVisits: 0, randomSteps: 120 });
  found.beginAgain(0);
  expect(found.at()).toEqual({ index: 0, task: 2, earlierVisits: 1, randomSteps: 0 });
  found.standFor([1, 0, 0, 0]);
  const again = new FoundTasks(2, 4, 100);
  again.restore(found.state());
  expect([again.count, again.number, again.at(), again.indexOf(0)]).toEqual([2, 2, found.at(), 1]);
});

it("lets that found task stand for a task which was believed in most while the world held it", () => {
  const counts = new BeliefCounts(3);
  for (const [found, world, steps] of [
    [0, 0, 5],
    [0, 1, 2],
    [1, 1, 3],
  ] as const)
    for (let n = 0; n < steps; n++) counts.add(found, world);
  expect(counts.standIns).toEqual([0, 1, 0]);
  expect([...counts.rows(2)]).toEqual([5, 2, 0, 0, 3, 0]);
  const again = new BeliefCounts(3);
  again.restore(counts.rows(2));
  again.add(0, 2);
  expect([...again.rows(2)]).toEqual([5, 2, 1, 0, 3, 0]);
});
