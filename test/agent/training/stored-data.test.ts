import { describe, expect, it } from "vitest";
import { Graph } from "../../../agent/graph/graph.js";
import { loop } from "../../../agent/graph/loop.js";
import * as ops from "../../../agent/graph/operations.js";
import { Session, tensor } from "../../../agent/graph/session.js";
import { keptBy } from "../../../agent/run/kept.js";
import { StoredData, storedInputs, storedMinibatch } from "../../../agent/training/stored-data.js";
import { InputError } from "../../../sim/core/errors.js";
import { Rng } from "../../../sim/core/rng.js";
import { bits, linearSystem, pointData } from "../fixtures.js";

const [I, X] = [4, 2];
const TASKS = [0, 1, 2].map((j) => pointData(linearSystem(j), 40 + 10 * j, 5 + j));

/** Stores every row of task 0, seven of task 1, and of task 2 more than there are. */
function filled(): StoredData {
  const stored = new StoredData(I, X);
  (["all", 7, 1000] as const).forEach((count, j) => {
    stored.keep(j, TASKS[j]!.buffer, TASKS[j]!.normalizer, count, Rng.fromSeed(j));
  });
  return stored;
}

/** Rows of a task as its own normaliser shows them, in float64. */
function normalized(j: number): { x: number[]; y: number[] }[] {
  const { buffer, normalizer: n } = TASKS[j]!;
  return Array.from({ length: buffer.size }, (_, row) => ({
    x: Array.from(
      { length: I },
      (_, i) => (buffer.inputs[row * I + i]! - n.inputMean[i]!) * n.inputScale[i]!,
    ),
    y: Array.from(
      { length: X },
      (_, i) => (buffer.targets[row * X + i]! - n.targetMean[i]!) / n.targetStd[i]!,
    ),
  }));
}

/** The row of a task that an input comes from. */
function rowOf(j: number, x: ArrayLike<number>): number {
  return normalized(j).findIndex((row) => row.x.every((value, i) => Math.abs(value - x[i]!) < 1e-5));
}

describe("stored transitions", () => {
  it("are normalised by the normaliser of their own task, inputs beside their targets", () => {
    const arrays = filled().arrays();
    for (const j of [0, 1, 2]) {
      const inputs = arrays[`stored.${j}.inputs`]!;
      const targets = arrays[`stored.${j}.targets`]!;
      const rows = normalized(j);
      expect(inputs.shape).toEqual([[40, 7, 60][j], I]);
      for (let k = 0; k < inputs.shape[0]!; k++) {
        const row = rowOf(j, inputs.data.subarray(k * I, (k + 1) * I));
        expect(row).toBeGreaterThanOrEqual(0);
        rows[row]!.y.forEach((value, i) => {
          expect(targets.data[k * X + i]).toBeCloseTo(value, 5);
        });
      }
    }
  });

  it("are drawn without replacement, each row as often as any other", () => {
    const { buffer, normalizer } = TASKS[0]!;
    const times = new Array<number>(buffer.size).fill(0);
    for (let seed = 0; seed < 300; seed++) {
      const stored = new StoredData(I, X);
      stored.keep(0, buffer, normalizer, 10, Rng.fromSeed(seed));
      const { data } = stored.arrays()["stored.0.inputs"]!;
      const rows = Array.from({ length: 10 }, (_, k) => rowOf(0, data.subarray(k * I, (k + 1) * I)));
      expect(new Set(rows).size).toBe(10);
      for (const row of rows) times[row]!++;
    }
    // Expected 75 each, standard deviation 7.5.
    expect(Math.min(...times)).toBeGreaterThan(40);
    expect(Math.max(...times)).toBeLessThan(110);
  });

  it("come back from a checkpoint bit by bit, and others can follow", () => {
    const [original, copy] = [filled(), new StoredData(I, X)];
    copy.restore(structuredClone(original.arrays()), 3);
    for (const stored of [original, copy])
      stored.keep(3, TASKS[0]!.buffer, TASKS[0]!.normalizer, 5, Rng.fromSeed(9));
    const [a, b] = [original.arrays(), copy.arrays()];
    expect(Object.keys(b)).toEqual(Object.keys(a));
    for (const name of Object.keys(a)) {
      expect(b[name]!.shape).toEqual(a[name]!.shape);
      expect(bits(b[name]!.data).equals(bits(a[name]!.data)), name).toBe(true);
    }
    expect([0, 1, 2, 3].map((j) => copy.size(j))).toEqual([40, 7, 60, 5]);
  });

  it("that are missing or of another size are refused by task", () => {
    const { "stored.1.targets": _, ...missing } = filled().arrays();
    expect(() => new StoredData(I, X).restore(missing, 3)).toThrow(InputError);
    expect(() => new StoredData(I, X).restore(missing, 3)).toThrow(/task 2; got 28 input and no target/);
    expect(() => new StoredData(I + 1, X).restore(filled().arrays(), 1)).toThrow(/rows of 5 input/);
  });
});

describe("minibatches of stored transitions", () => {
  it("give every task the same number of rows, task after task", async () => {
    const iterations = 6;
    const perTask = 5;
    const stored = filled();
    const g = new Graph();
    const inputs = storedInputs(g, { sizes: [I, 8, X], activation: "relu" }, 3, perTask);
    const result = loop(g, g.integers([iterations], []), [g.constant(0)], (_, iteration, states) => {
      const { x, y } = storedMinibatch(inputs, iteration);
      return { next: states.map((state) => ops.add(state, 0)), collect: [x, y] };
    });
    g.output("x", result.collected[0]!);
    g.output("y", result.collected[1]!);
    const session = await Session.create(g);
    const x = new Float32Array(iterations * 3 * perTask * I);
    const y = new Float32Array(iterations * 3 * perTask * X);
    await session.run(stored.feeds(iterations, perTask, Rng.fromSeed(1)), {
      x: tensor(x, [iterations, 3 * perTask, I]),
      y: tensor(y, [iterations, 3 * perTask, X]),
    });
    await session.release();
    const seen = new Set<number>();
    for (let k = 0; k < iterations * 3 * perTask; k++) {
      const task = Math.floor(k / perTask) % 3;
      const row = rowOf(task, x.subarray(k * I, (k + 1) * I));
      expect(row, `row ${k}`).toBeGreaterThanOrEqual(0);
      expect(y[k * X]).toBeCloseTo(normalized(task)[row]!.y[0]!, 5);
      if (task === 0) seen.add(row);
    }
    expect(seen.size).toBeGreaterThan(12);
  });

  it("need no feeds when nothing is stored", () => {
    expect(new StoredData(I, X).feeds(3, 5, Rng.fromSeed(1))).toEqual({});
  });
});

describe("what is kept", () => {
  it("is counted from the saved arrays, by task, data apart", () => {
    const other = (length: number) => ({ shape: [length], data: new Float32Array(length) });
    const arrays = {
      "network.layer.0.weight": other(12),
      "tasks.0": other(6),
      "tasks.1": other(6),
      ...filled().arrays(),
    };
    const { shared, tasks } = keptBy({ arrays, numbers: {} });
    expect(shared).toEqual({ kinds: ["network"], parameters: 12, transitions: 0, bytes: 48 });
    expect(tasks[1]).toEqual({
      kinds: ["tasks", "stored"],
      parameters: 6,
      transitions: 7,
      bytes: 4 * (6 + 7 * (I + X)),
    });
    expect(tasks.map((t) => t.transitions)).toEqual([40, 7, 60]);
    expect(tasks[2]!.parameters).toBe(0);
  });
});
