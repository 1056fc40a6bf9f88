import { describe, expect, it } from "vitest";
import { Graph } from "../../../agent/graph/graph.js";
import { Session, tensor } from "../../../agent/graph/session.js";
import { dynamicsShape } from "../../../agent/model/dynamics.js";
import { StateSpec } from "../../../agent/model/model-state.js";
import { ReplayBuffer } from "../../../agent/model/replay-buffer.js";
import { angleTask, pointTask, withMoving } from "../fixtures.js";

/** The position, and the velocity less half of the position. */
const { spec } = withMoving(angleTask, "position", "velocity");
const seen = [
  [1, 10, 5],
  [1.5, 11, 3],
  [3, 12, 4],
  [7, 13, 4],
].map((x) => Float32Array.from(x));

describe("StateSpec", () => {
  it("names a channel that a quantity cannot be made of", () => {
    const moving = [{ name: "tip", unit: "m", weights: { angle: 1 } }];
    expect(() => new StateSpec({ ...spec, moving }, 1)).toThrow(
      /Unknown plain channel in the moving quantity tip; got "angle"; expected one of position, velocity/,
    );
  });

  it("adds the last changes of the moving quantities, the latest first, and zeros before the second observation", () => {
    const states = new StateSpec(spec, 2);
    const met = [states.first(seen[0]!)];
    for (const x of seen.slice(1)) met.push(states.next(met.at(-1)!, x));
    expect(met.map((s) => [...s])).toEqual([
      [1, 10, 5, 0, 0, 0, 0],
      [1.5, 11, 3, 0.5, -2.25, 0, 0],
      [3, 12, 4, 1.5, 0.25, 0.5, -2.25],
      [7, 13, 4, 4, -2, 1.5, 0.25],
    ]);
    expect([states.size, states.observationSize]).toEqual([7, 3]);
    expect(states.spec.observation.map(({ name, unit }) => `${name} ${unit}`)).toEqual([
      "position m",
      "angle rad",
      "velocity m/s",
      "positionMovedChange1 m",
      "velocityMovedChange1 m",
      "positionMovedChange2 m",
      "velocityMovedChange2 m",
    ]);
  });

  it("says the same of states in a graph", async () => {
    for (const history of [1, 2, 3]) {
      const states = new StateSpec(spec, history);
      const [S, X, N] = [states.size, 3, seen.length];
      const before = seen.map((x, n) => {
        const s = new Float32Array(S).map((_, i) => 0.25 * i * (n + 1));
        s.set(x);
        return s;
      });
      const after = seen.map((x) => x.map((v) => v * v));
      const g = new Graph();
      const next = states.nextStates(g.input("s", [S, N]), g.input("x", [X, N]));
      g.output("next", next);
      const session = await Session.create(g);
      const columns = (rows: readonly Float32Array[], size: number) =>
        Float32Array.from({ length: size * N }, (_, at) => rows[at % N]![Math.floor(at / N)]!);
      const out = new Float32Array(S * N);
      const feeds = { s: tensor(columns(before, S), [S, N]), x: tensor(columns(after, X), [X, N]) };
      await session.run(feeds, { next: tensor(out, [S, N]) });
      await session.release();
      const wanted = before.map((s, n) => states.next(s, after[n]!));
      columns(wanted, S).forEach((v, i) => {
        expect(out[i]).toBeCloseTo(v, 5);
      });
    }
  });

  it("is the observation where there is no history or nothing moves", () => {
    for (const states of [new StateSpec(spec, 0), new StateSpec(pointTask.spec, 3)]) {
      const [first, second] = [new Float32Array(states.observationSize), Float32Array.of(1, 2, 3)];
      expect(states.first(first)).toBe(first);
      expect(states.next(first, second)).toBe(second);
      expect(states.size).toBe(states.observationSize);
    }
  });
});

it("a replay buffer keeps the changes between features and action, and the target as without", () => {
  const states = new StateSpec(spec, 1);
  const buffer = new ReplayBuffer(spec, 3, 1);
  const state = states.next(states.first(seen[0]!), seen[1]!);
  const { input, target } = buffer.add(state, Float32Array.of(0.5), seen[2]!);
  expect([...input]).toEqual([1.5, Math.cos(11), Math.sin(11), 3, 0.5, -2.25, 0.5].map(Math.fround));
  expect([...target]).toEqual([1.5, 1, 1]);
  expect(dynamicsShape(spec, [8], "relu", false, 1).sizes).toEqual([buffer.inputSize, 8, 3]);
});
