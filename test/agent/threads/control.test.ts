import { expect, it } from "vitest";
import { ControlBlock } from "../../../agent/threads/control.js";

const claimAll = (block: ControlBlock) => {
  const chunks: number[] = [];
  for (let claim = block.claim(block.ticket()); claim; claim = block.claim(block.ticket()))
    chunks.push(claim.chunk);
  return chunks;
};

it("hands out every chunk once, in order, with the job's parameters, to any holder of the memory", () => {
  const block = new ControlBlock();
  const other = new ControlBlock(block.buffer);
  const generation = block.publish(3, [7, -8]);
  expect(other.claim(other.ticket())).toEqual({ chunk: 0, generation, parameters: [7, -8, 0, 0] });
  expect(claimAll(block)).toEqual([1, 2]);
  expect(claimAll(other)).toEqual([]);
});

it("lets nobody claim with an outdated ticket", () => {
  const block = new ControlBlock();
  block.publish(5, []);
  const ticket = block.ticket();
  block.claim(ticket);
  expect(block.claim(ticket)).toBeUndefined();
  block.withdraw();
  expect(block.claim(ticket)).toBeUndefined();
  block.publish(5, []);
  expect(block.claim(ticket)).toBeUndefined();
  expect(claimAll(block)).toEqual([0, 1, 2, 3, 4]);
});

it("believes the first to finish a chunk, and nobody who finishes it after the job is over", () => {
  const block = new ControlBlock();
  const first = block.publish(2, []);
  expect(block.owner(0)).toBe(-1);
  block.finish(0, first, 2);
  block.finish(0, first, 0);
  expect([block.owner(0), block.owner(1)]).toEqual([2, -1]);
  const second = block.publish(2, []);
  block.finish(1, first, 2);
  expect([block.owner(0), block.owner(1)]).toEqual([-1, -1]);
  expect(block.awaitFinish(1, 3, 1)).toBe(false);
  block.finish(1, second, 254);
  expect(block.owner(1)).toBe(254);
  expect(block.awaitFinish(1, 3, 1)).toBe(true);
});

it("keeps jobs apart after the generation has wrapped", () => {
  const block = new ControlBlock();
  const generations = new Set(Array.from({ length: 2 ** 22 }, () => block.publish(1, [])));
  expect(generations.size).toBe(2 ** 22);
  const generation = block.publish(2, []);
  expect(claimAll(block)).toEqual([0, 1]);
  block.finish(1, generation, 1);
  expect([block.owner(0), block.owner(1)]).toEqual([-1, 1]);
});
