import { closeSync, existsSync, openSync, readFileSync, readSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Graph } from "../../../agent/graph/graph.js";
import { loop } from "../../../agent/graph/loop.js";
import * as ops from "../../../agent/graph/operations.js";
import { alignedArray, alignedArrays, Session, tensor } from "../../../agent/graph/session.js";
import { Rng } from "../../../sim/core/rng.js";
import { take } from "../../take.js";
import { bits, normals } from "../fixtures.js";

/** A figure of this process's state, in KiB. */
function status(name: string): number {
  return Number(new RegExp(`^${name}:\\s*(\\d+)`, "m").exec(readFileSync("/proc/self/status", "utf8"))?.[1]);
}

/** Where in this process's memory the bytes are, and every copy of them. */
function placesOf(pattern: Buffer, read: (address: number, length: number) => Buffer): number[] {
  const hits: number[] = [];
  for (const [, from, to] of readFileSync("/proc/self/maps", "utf8").matchAll(/^(\w+)-(\w+) rw/gm)) {
    const [first, end] = [Number.parseInt(from!, 16), Number.parseInt(to!, 16)];
    for (let start = first; start < end; start += 2 ** 22) {
      const part = read(start, Math.min(2 ** 22, end - start));
      for (let k = part.indexOf(pattern); k >= 0; k = part.indexOf(pattern, k + 1)) hits.push(start + k);
    }
  }
  return hits;
}

/** Where an array's numbers are in this process: something unlikely is looked for in all of its memory. */
function addressOf(array: Float32Array): number {
  const bytes = new Uint8Array(array.buffer, array.byteOffset, 12);
  const memory = openSync("/proc/self/mem", "r");
  const read = (address: number, length: number) => {
    const out = Buffer.alloc(length);
    try {
      return out.subarray(0, readSync(memory, out, 0, length, address));
    } catch {
      // Not all that is mapped can be read.
      return out.subarray(0, 0);
    }
  };
  let own: number[] = [];
  // Other threads unmap memory meanwhile: a part that ends there is read in part only, and the array may be in the rest.
  for (let attempt = 0; attempt < 10 && own.length === 0; attempt++) {
    for (let i = 0; i < bytes.length; i++) bytes[i] = (i * 89 + 41) % 251;
    const hits = placesOf(Buffer.from(bytes), read);
    // Copies of the pattern, such as the one that was looked for, do not change with the array.
    own = [255, 254, 253].reduce((left, value) => {
      bytes[0] = value;
      return left.filter((hit) => read(hit, 1)[0] === value);
    }, hits);
  }
  closeSync(memory);
  expect(own).toHaveLength(1);
  return own[0]!;
}

const onLinux = describe.skipIf(!existsSync("/proc/self/maps"));

onLinux("the buffers of alignedArrays", () => {
  it.each([[[3]], [[1000, 17]], [[300_000]]])(
    "begin at addresses that are multiples of 64: %j",
    (lengths) => {
      const [array] = alignedArrays(lengths);
      const found = addressOf(array!);
      expect(found).toBeGreaterThan(0);
      expect(found % 64).toBe(0);
    },
  );

  it("take no more address space than they are large", () => {
    const before = status("VmSize");
    const kept = Array.from({ length: 50 }, () => alignedArrays([1000, 50_000]));
    expect(status("VmSize") - before).toBeLessThan(200_000);
    expect(kept).toHaveLength(50);
  });
});

describe("alignedArrays", () => {
  it("puts every array at a multiple of 64 bytes, one after another without overlap", () => {
    const lengths = [1, 16, 17, 0, 70_000, 3];
    const arrays = alignedArrays(lengths);
    expect(arrays.map((a) => a.length)).toEqual(lengths);
    expect(arrays.map((a) => a.byteOffset % 64)).toEqual(lengths.map(() => 0));
    arrays.forEach((a, i) => {
      a.fill(i + 1);
    });
    arrays.forEach((a, i) => {
      expect(a.every((v) => v === i + 1)).toBe(true);
    });
    expect(new Set(arrays.map((a) => a.buffer)).size).toBe(1);
    expect(alignedArray(5)).toHaveLength(5);
  });
});

describe("Session", () => {
  it("writes results to the arrays it is given, run after run", async () => {
    const g = new Graph();
    const x = g.input("x", [2, 2]);
    g.output("twice", ops.mul(x, 2));
    g.output("sum", ops.reduceSum(x, [1]));
    const session = await Session.create(g);
    const [input, twice, sum] = take(3, alignedArrays([4, 4, 2]));
    const feeds = { x: tensor(input, [2, 2]) };
    const results = { twice: tensor(twice, [2, 2]), sum: tensor(sum, [2]) };
    input.set([1, 2, 3, 4]);
    await session.run(feeds, results);
    expect([[...twice], [...sum]]).toEqual([
      [2, 4, 6, 8],
      [3, 7],
    ]);
    input.set([0, 0, 0, 5]);
    await session.run(feeds, results);
    expect([[...twice], [...sum]]).toEqual([
      [0, 0, 0, 10],
      [0, 5],
    ]);
    await session.release();
  });

  it("passes an input through as an output, and one tensor under two names", async () => {
    const g = new Graph();
    const x = g.input("x", [2]);
    g.output("same", x);
    g.output("again", x);
    const session = await Session.create(g);
    const [input, same, again] = [Float32Array.of(3, 4), new Float32Array(2), new Float32Array(2)];
    await session.run({ x: tensor(input, [2]) }, { same: tensor(same, [2]), again: tensor(again, [2]) });
    expect([[...same], [...again]]).toEqual([
      [3, 4],
      [3, 4],
    ]);
  });

  it("repeats bit by bit", async () => {
    const g = new Graph();
    const [a, b] = [g.input("a", [37, 53]), g.input("b", [53, 29])];
    g.output("c", ops.tanh(ops.gemm(a, b)));
    const rng = Rng.fromSeed(5);
    const [x, y, first, second] = take(4, alignedArrays([37 * 53, 53 * 29, 37 * 29, 37 * 29]));
    x.set(normals(rng, x.length));
    y.set(normals(rng, y.length, 0.1));
    const feeds = { a: tensor(x, [37, 53]), b: tensor(y, [53, 29]) };
    for (const out of [first, second]) {
      const session = await Session.create(g);
      for (let k = 0; k < 5; k++) await session.run(feeds, { c: tensor(out, [37, 29]) });
      await session.release();
    }
    expect(first.some((v) => v !== 0)).toBe(true);
    expect(bits(second).equals(bits(first))).toBe(true);
  });
});

describe("loop", () => {
  it("carries states and collects, as a loop in JavaScript does", async () => {
    const trips = 7;
    const g = new Graph();
    const count = g.input("count", [], "int64");
    const rows = g.input("rows", ["trips", 3]);
    const scale = g.input("scale", [3]);
    const [x0, y0] = [g.input("x0", [3]), g.input("y0", [1])];
    const { states, collected } = loop(g, count, [x0, y0], (_, iteration, current) => {
      const [x, y] = take(2, current);
      // `scale` and `rows` belong to the graph around the loop.
      const next = ops.add(ops.mul(ops.mul(x, 0.5), scale), ops.gather(rows, iteration));
      return { next: [next, ops.add(y, ops.reduceSum(x, [0], true))], collect: [ops.sub(next, x)] };
    });
    g.output("x", states[0]!);
    g.output("y", states[1]!);
    g.output("changes", collected[0]!);
    const rng = Rng.fromSeed(2);
    const data = { rows: normals(rng, 3 * trips), scale: normals(rng, 3), x0: normals(rng, 3) };
    const results = { x: new Float32Array(3), y: new Float32Array(1), changes: new Float32Array(3 * trips) };
    const session = await Session.create(g);
    await session.run(
      {
        count: tensor(BigInt64Array.of(BigInt(trips)), []),
        rows: tensor(data.rows, [trips, 3]),
        scale: tensor(data.scale, [3]),
        x0: tensor(data.x0, [3]),
        y0: tensor(Float32Array.of(10), [1]),
      },
      {
        x: tensor(results.x, [3]),
        y: tensor(results.y, [1]),
        changes: tensor(results.changes, [trips, 3]),
      },
    );
    let [x, y] = [[...data.x0], 10];
    const changes: number[] = [];
    for (let k = 0; k < trips; k++) {
      const next = x.map((v, i) => 0.5 * v * data.scale[i]! + data.rows[3 * k + i]!);
      y += x[0]! + x[1]! + x[2]!;
      changes.push(...next.map((v, i) => v - x[i]!));
      x = next;
    }
    const close = (a: Float32Array, b: readonly number[]) => {
      for (const [i, v] of b.entries()) expect(a[i]).toBeCloseTo(v, 5);
    };
    close(results.x, x);
    close(results.y, [y]);
    close(results.changes, changes);
    expect(changes).toHaveLength(21);
  });
});

describe("shapes the builder rejects", () => {
  const g = new Graph();
  const [a, b] = [g.input("a", [2, 3]), g.input("b", [2])];

  it("element-wise shapes that do not broadcast, with both", () => {
    expect(() => ops.add(a, b)).toThrow("Cannot broadcast shapes [2, 3] and [2].");
    expect(() => ops.min(g.input("c", [4, 2, 3]), g.input("d", [3, 1, 3]))).toThrow(RangeError);
    expect(ops.broadcastShape([2, 1, 3], [4, 1])).toEqual([2, 4, 3]);
    expect(ops.broadcastShape([1, "N"], [5, 1])).toEqual([5, "N"]);
  });

  it("matrices that do not multiply, with both", () => {
    expect(() => ops.gemm(a, a)).toThrow("Cannot multiply matrices [2, 3] and [2, 3].");
    expect(() => ops.gemm(a, b)).toThrow(RangeError);
    expect(() => ops.gemm(a, a, undefined, { transposeA: true, transposeB: true })).toThrow(RangeError);
    expect(ops.gemm(a, a, undefined, { transposeB: true }).shape).toEqual([2, 2]);
    expect(ops.gemm(a, a, undefined, { transposeA: true }).shape).toEqual([3, 3]);
  });
});

describe("inferred shapes", () => {
  it("agree with what the runtime computes", async () => {
    const g = new Graph();
    const x = g.input("x", [2, 3, 4]);
    const made = {
      sum: ops.reduceSum(x, [-1]),
      kept: ops.reduceSum(x, [0, -1], true),
      all: ops.reduceSum(x),
      slice: ops.slice(x, 1, 3, 1),
      split: ops.split(x, [1, 3])[1]!,
      concat: ops.concat([x, x], 1),
      transpose: ops.transpose(x, [2, 0, 1]),
      gather: ops.gather(x, g.integers([1, 0, 1, 1])),
      scalarGather: ops.gather(x, g.integers([1], [])),
    };
    const results = Object.entries(made).map(([name, t]) => {
      g.output(name, t);
      return [
        name,
        tensor(new Float32Array((t.shape as number[]).reduce((n, d) => n * d, 1)), t.shape as number[]),
      ];
    });
    const session = await Session.create(g);
    // The runtime refuses a result array of another shape.
    await session.run({ x: tensor(normals(Rng.fromSeed(1), 24), [2, 3, 4]) }, Object.fromEntries(results));
    await session.release();
    expect(made.concat.shape).toEqual([2, 6, 4]);
    expect(made.kept.shape).toEqual([1, 3, 1]);
    expect(made.gather.shape).toEqual([4, 3, 4]);
  });
});
