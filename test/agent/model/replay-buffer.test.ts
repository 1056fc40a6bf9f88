import { describe, expect, it } from "vitest";
import { ReplayBuffer } from "../../../agent/model/replay-buffer.js";
import { take } from "../../take.js";
import { absoluteTask, angleTask, bits, pointTask } from "../fixtures.js";

/** Transition number k: its numbers tell which one it is. */
const add = (buffer: ReplayBuffer, k: number) =>
  buffer.add(Float32Array.of(k, -k), Float32Array.of(0.5, k), Float32Array.of(k + 0.25, -k + 2));

describe("ReplayBuffer", () => {
  it("overwrites the oldest once full", () => {
    const buffer = new ReplayBuffer(pointTask.spec, 4);
    const held = () =>
      Array.from({ length: buffer.size }, (_, row) => buffer.inputs[row * buffer.inputSize]!).sort(
        (a, b) => a - b,
      );
    for (let k = 0; k < 3; k++) add(buffer, k);
    expect([buffer.size, buffer.added, held()]).toEqual([3, 3, [0, 1, 2]]);
    for (let k = 3; k < 6; k++) add(buffer, k);
    expect([buffer.size, buffer.added, held()]).toEqual([4, 6, [2, 3, 4, 5]]);
    // Rows keep input and target together.
    for (let row = 0; row < 4; row++) {
      const [x, y, u, v] = take(4, buffer.inputs.subarray(row * 4, row * 4 + 4));
      expect([y, u, v]).toEqual([-x, 0.5, x]);
      expect([...buffer.targets.subarray(row * 2, row * 2 + 2)]).toEqual([0.25, 2]);
    }
  });

  it("keeps its memory flat after ten times its capacity", () => {
    const buffer = new ReplayBuffer(pointTask.spec, 50);
    const { inputs, targets } = buffer;
    for (let k = 0; k < 500; k++) add(buffer, k);
    expect(buffer.inputs).toBe(inputs);
    expect(buffer.targets).toBe(targets);
    expect([inputs.length, targets.length]).toEqual([200, 100]);
    expect(inputs.buffer.byteLength).toBe(1280);
    expect([buffer.size, buffer.added]).toEqual([50, 500]);
    expect(Math.min(...Array.from({ length: 50 }, (_, row) => inputs[4 * row]!))).toBe(450);
  });

  it("stores angles as cosine and sine, and differences as they are", () => {
    const buffer = new ReplayBuffer(angleTask.spec, 2);
    const { input, target } = buffer.add(
      Float32Array.of(0.5, 2, -1),
      Float32Array.of(0.75),
      Float32Array.of(0.75, 2.5, -3),
    );
    const wanted = [0.5, Math.cos(2), Math.sin(2), -1, 0.75].map(Math.fround);
    expect([...input]).toEqual(wanted);
    expect([...target]).toEqual([0.25, 0.5, -2]);
    expect([...buffer.inputs.subarray(0, 5)]).toEqual(wanted);
    expect([buffer.inputSize, buffer.targetSize]).toEqual([5, 3]);
  });

  it("stores the next value itself where a channel is absolute", () => {
    const buffer = new ReplayBuffer(absoluteTask.spec, 2);
    const transition = [Float32Array.of(0.5, 2, -1), Float32Array.of(0.75), Float32Array.of(0.75, 2.5, -3)];
    const { input, target } = buffer.add(transition[0]!, transition[1]!, transition[2]!);
    expect([...target]).toEqual([0.25, 0.5, -3]);
    expect([...input]).toEqual([0.5, Math.cos(2), Math.sin(2), -1, 0.75].map(Math.fround));
  });

  it.each([3, 7])("continues where it was after a restore, %i transitions in", (count) => {
    const [original, copy] = [new ReplayBuffer(pointTask.spec, 5), new ReplayBuffer(pointTask.spec, 5)];
    for (let k = 0; k < count; k++) add(original, k);
    const inputs = original.inputs.slice(0, original.size * 4);
    copy.restore(inputs, original.targets.slice(0, original.size * 2), original.added);
    for (let k = 100; k < 103; k++) for (const buffer of [original, copy]) add(buffer, k);
    expect([copy.size, copy.added]).toEqual([5, count + 3]);
    expect(bits(copy.inputs).equals(bits(original.inputs))).toBe(true);
    expect(bits(copy.targets).equals(bits(original.targets))).toBe(true);
  });
});
