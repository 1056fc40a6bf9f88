import { expect, it } from "vitest";
import { createPushRandomSuite, pushRandomSuite } from "../../../tasks/push/push-random.js";

const names = (count: number, seed?: number) =>
  createPushRandomSuite({ count, ...(seed !== undefined && { seed }) }).tasks.map(({ name }) => name);

it("the suite has 20 tasks, which stay what they are", () => {
  expect(pushRandomSuite.tasks).toHaveLength(20);
  // createPushRandomSuite({ count: 20 }) when the suite was made: results are compared by these names.
  expect(pushRandomSuite.tasks.slice(0, 3).map(({ name }) => name)).toEqual([
    "459-457",
    "151-459",
    "212-243",
  ]);
});

it("more tasks begin with the same ones", () => {
  expect(names(50).slice(0, 20)).toEqual(names(20));
  expect(names(3)).toEqual(names(20).slice(0, 3));
});

it("tasks differ within a suite and between seeds, in the range of the published densities", () => {
  const many = names(2000);
  expect(new Set(many).size).toBe(2000);
  const densities = many.flatMap((name) => name.split("-").map(Number));
  expect(Math.min(...densities)).toBe(100);
  expect(Math.max(...densities)).toBe(500);
  expect(densities.every(Number.isInteger)).toBe(true);
  expect(names(5, 1)).not.toEqual(names(5, 2));
});
