import { beforeAll, describe, expect, it } from "vitest";
import {
  type DistillationOptions,
  type DistillationRound,
  distil,
} from "../../../agent/distillation/distil.js";
import { LabelledStates } from "../../../agent/distillation/labelled-states.js";
import { PolicyNetwork } from "../../../agent/distillation/policy-network.js";
import { Stopped } from "../../../agent/episode-run.js";
import { Rng } from "../../../sim/core/rng.js";
import type { Task } from "../../../sim/task.js";
import { initPhysics } from "../../../sim/world.js";
import { createReacherTask } from "../../../tasks/reacher/reacher.js";
import { bits } from "../fixtures.js";

const whole = createReacherTask(0.5);
const task: Task = { ...whole, spec: { ...whole.spec, episodeSteps: 20 } };

/** A law in the place of a planner: damps the joints and bends them by the way to the goal. */
const law = (s: ArrayLike<number>): Float32Array =>
  Float32Array.of(0.3 * s[4]! - 0.1 * s[2]!, 0.2 * s[5]! - 0.1 * s[3]!);

interface Asked {
  readonly states: Float32Array[];
  begun: number;
}

function teacher(asked: Asked = { states: [], begun: 0 }) {
  return {
    startEpisode: () => void asked.begun++,
    act: async (state: Float32Array) => {
      asked.states.push(state.slice());
      return law(state);
    },
  };
}

const options = (changes: Partial<DistillationOptions> = {}): DistillationOptions => ({
  ...{ task, taskIndex: 0, rounds: 2, episodes: 6, minibatches: 2000, history: 0, rng: Rng.fromSeed(3) },
  stopRequested: () => false,
  ...changes,
});

beforeAll(initPhysics);

describe("distil", () => {
  it("learns a law from what it does: in states of new episodes the actions differ by a few per cent", async () => {
    const policy = await distil(teacher(), options({ episodes: 15 }));
    const network = new PolicyNetwork(task.spec, 0, policy);
    const asked: Asked = { states: [], begun: 0 };
    await distil(teacher(asked), options({ episodes: 3, rng: Rng.fromSeed(9) }));
    const [errors, sizes] = [(a: number, b: number) => (a - b) ** 2, (a: number) => a ** 2].map((of) =>
      asked.states.reduce((sum, s) => {
        const [wanted, got] = [law(s), network.act(s)];
        return sum + of(wanted[0]!, got[0]!) + of(wanted[1]!, got[1]!);
      }, 0),
    );
    expect(Math.sqrt(errors! / sizes!)).toBeLessThan(0.06);
  });

  it("lets the planner act first and then the network, and asks the planner in every state", async () => {
    const asked: Asked = { states: [], begun: 0 };
    const rounds: DistillationRound[] = [];
    await distil(teacher(asked), options({ rounds: 3, episodes: 2, onRound: (round) => rounds.push(round) }));
    expect(rounds.map(({ acting }) => acting)).toEqual(["planner", "policy", "policy"]);
    expect(rounds.map(({ outcomes }) => outcomes.length)).toEqual([2, 2, 2]);
    expect(asked).toMatchObject({ begun: 6 });
    expect(asked.states).toHaveLength(6 * 20);
    // The network does not do quite what the law does, so another way is gone where it acts.
    const alone: Asked = { states: [], begun: 0 };
    await distil(teacher(alone), options({ episodes: 2 }));
    expect(asked.states.slice(0, 40).map(bits)).toEqual(alone.states.slice(0, 40).map(bits));
    expect(new Set(rounds.flatMap(({ outcomes }) => outcomes.map((outcome) => outcome.return))).size).toBe(6);
  });

  it("gives the network that returned most in its round", async () => {
    const ends: { policy: Float32Array; returned: number }[] = [];
    for (const rounds of [2, 3, 4]) {
      let returned = 0;
      const onRound = ({ outcomes }: DistillationRound) => {
        returned = outcomes.reduce((sum, outcome) => sum + outcome.return, 0);
      };
      const { weights } = await distil(teacher(), options({ rounds, episodes: 1, onRound }));
      ends.push({ policy: weights, returned });
    }
    // With one round more the rounds before are the same, so that only the last network is new.
    const best = ends.reduce((a, b) => (b.returned > a.returned ? b : a));
    expect(bits(ends[2]!.policy).equals(bits(best.policy))).toBe(true);
  });

  it("gives the same bits with the same seed, and others with another", async () => {
    const make = async (seed: number) =>
      bits((await distil(teacher(), options({ episodes: 1, rng: Rng.fromSeed(seed) }))).weights);
    const first = await make(1);
    expect((await make(1)).equals(first)).toBe(true);
    expect((await make(2)).equals(first)).toBe(false);
  });

  it("stops in the midst of an episode where it is asked to", async () => {
    const asked: Asked = { states: [], begun: 0 };
    const stopped = distil(teacher(asked), options({ stopRequested: () => asked.states.length > 7 }));
    await expect(stopped).rejects.toThrow(Stopped);
    expect(asked.states).toHaveLength(8);
  });
});

describe("LabelledStates", () => {
  it("holds features and actions in their order, and counts them into the normaliser", () => {
    const data = new LabelledStates(task.spec, 0, 2);
    const state = Float32Array.of(0, Math.PI / 2, 3, 4, 5, 6);
    data.add(state, Float32Array.of(0.5, -0.5));
    expect(data).toMatchObject({ size: 1, added: 1, inputSize: 8, targetSize: 2 });
    const [cosine, ...rest] = data.inputs.subarray(2, 8);
    expect(cosine).toBeCloseTo(0, 6);
    expect(rest).toEqual([1, 3, 4, 5, 6]);
    expect([...data.targets.subarray(0, 2)]).toEqual([0.5, -0.5]);
    data.add(state, Float32Array.of(1.5, -1.5));
    expect([...data.normalizer.arrays().targetMean]).toEqual([1, -1]);
    expect(() => data.add(state, Float32Array.of(0, 0))).toThrow(RangeError);
  });
});
