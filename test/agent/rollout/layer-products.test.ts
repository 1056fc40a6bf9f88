import { describe, expect, it } from "vitest";
import type { MlpShape } from "../../../agent/model/network.js";
import { layerProducts, tileNumbers } from "../../../agent/rollout/layer-products.js";

/** Numbers that are multiplied for one row, forwards and backwards. */
function work(shape: MlpShape): [number, number] {
  const sum = (way: "forward" | "backward") =>
    layerProducts(shape)
      .flatMap((layer) => layer[way])
      .reduce((total, product) => total + tileNumbers(product), 0);
  return [sum("forward"), sum("backward")];
}

const one: MlpShape = { sizes: [8, 64, 64, 8], activation: "elu" };
const wide = (n: number): MlpShape => ({ ...one, sizes: [8, 64 * n, 64 * n, 8] });

describe("the products of a network's layers", () => {
  it.each([2, 4, 16])("of %d members are as many times as large as those of one", (members) => {
    const [forward, backward] = work(one);
    expect(work({ ...wide(members), members })).toEqual([members * forward, members * backward]);
  });

  it("of blocks leave out what reads a later one", () => {
    const [forward] = work(wide(4));
    const saved = 6 * 64 * 64;
    expect(work({ ...wide(4), blocks: 4 })).toEqual([forward - saved, forward - saved]);
    const members = { ...wide(4), blocks: 2, members: 2 };
    const [inMembers] = work({ ...wide(2), blocks: 2 });
    expect(work(members)).toEqual([2 * inMembers, 2 * inMembers]);
  });

  it("of sizes that fill no tile have places of their own for every number", () => {
    const shape: MlpShape = { sizes: [3, 9 * 4, 5 * 4, 2], activation: "elu", blocks: 2, members: 2 };
    for (const [l, { reads, writes }] of layerProducts(shape).entries()) {
      for (const [run, size] of [
        [reads, shape.sizes[l]!],
        [writes, shape.sizes[l + 1]!],
      ] as const) {
        const places: number[] = [];
        const indices: number[] = [];
        run.forEach((index, place) => {
          indices.push(index);
          places.push(place);
        });
        expect(indices).toEqual(Array.from({ length: size }, (_, i) => i));
        expect(new Set(places).size).toBe(size);
        expect(Math.max(...places)).toBeLessThan(run.width);
      }
    }
  });
});
