import { REPETITION, timedOnProcessor } from "../measure.js";
import { joinSections, type Section } from "../result.js";
import { type BenchSize, benchSize } from "../sizes.js";
import { begunLearner, randomData, thetaCount, trainJob } from "../training-job.js";
import { type Counterpart, measureAgainst } from "./against.js";
import { rolloutDescription, type TrainingForm, trainingDescription } from "./descriptions.js";
import { checkReturns, openRollout, randomRollout } from "./rollout.js";
import type { TorchProcess } from "./torch-process.js";
import { checkTraining } from "./training-check.js";

interface TrainingPeer extends TrainingForm {
  readonly name: string;
  readonly text: string;
}

const TRAINING: readonly TrainingPeer[] = [
  {
    ...{ name: "eagerOneByOne", text: "eager, earlier tasks one by one as published" },
    ...{ form: "eager", batchedTasks: false },
  },
  {
    ...{ name: "eager", text: "eager, earlier tasks in one product" },
    ...{ form: "eager", batchedTasks: true },
  },
  { name: "compiled", text: "torch.compile", form: "compiled", batchedTasks: true },
];

const ROLLOUT = [
  { name: "eager", text: "eager", form: "eager" },
  { name: "compiled", text: "torch.compile", form: "compiled" },
] as const;

const EARLIER = 4;

interface Plan {
  /** In the figures' names. */
  readonly name: string;
  readonly size: () => BenchSize;
}

/** Minibatches in one call. */
const STEPS = 20;

/** The counterpart has no past changes in its states. */
const PLANS: readonly Plan[] = [
  { name: "quickPush", size: () => benchSize("push", ["dynamics.history=0"], "quick") },
  { name: "push", size: () => benchSize("push") },
];

/** Training and rollouts against PyTorch's own, whose results are compared first; nothing where there is no PyTorch. */
export async function benchPeers(torch: TorchProcess | undefined): Promise<Section> {
  if (torch === undefined) return joinSections([]);
  const training = available(torch, TRAINING);
  for (const peer of training) await checkTraining(torch, peer);
  const sections: Section[] = [];
  for (const plan of PLANS) {
    const size = plan.size();
    sections.push(await trainAgainst(torch, plan.name, size, training));
    sections.push(await rollOutAgainst(torch, plan.name, size));
  }
  return joinSections(sections);
}

function available<Peer extends { readonly form: string }>(
  torch: TorchProcess,
  peers: readonly Peer[],
): readonly Peer[] {
  return peers.filter(({ form }) => form === "eager" || torch.compilerProblem === "");
}

async function trainAgainst(
  torch: TorchProcess,
  name: string,
  size: BenchSize,
  peers: readonly TrainingPeer[],
): Promise<Section> {
  const learner = await begunLearner(size, EARLIER + 1);
  const data = randomData(size.task.spec, size.settings.dynamics.normalizeTargets);
  const section = await measureAgainst(torch, {
    name: `peers.training.${name}`,
    text: `train one minibatch, ${name}, ${(thetaCount(size) / 1e6).toFixed(2)} M in Θ`,
    own: trainJob(learner, data, STEPS, timedOnProcessor),
    counterparts: peers.map(
      ({ name: peer, text, form, batchedTasks }): Counterpart => ({
        ...{ name: peer, text },
        job: trainingDescription(size, EARLIER, STEPS, { form, batchedTasks }),
      }),
    ),
    ...{ calls: STEPS, repetition: REPETITION },
  });
  await learner.release();
  return section;
}

async function rollOutAgainst(torch: TorchProcess, plan: string, size: BenchSize): Promise<Section> {
  const { samples, horizon } = size.settings.planner;
  const data = randomRollout(size);
  const model = await openRollout(size, data);
  const work = () => model.costs(data.state, data.actions, samples);
  const peers = available(torch, ROLLOUT);
  const counterparts = peers.map(
    ({ name, text, form }): Counterpart => ({ name, text, job: rolloutDescription(size, data, form) }),
  );
  const costs = Float32Array.from(await work());
  for (const { name, text, job } of counterparts) {
    await torch.job(name, job);
    checkReturns(`PyTorch (${text})`, await torch.result(name), costs);
    await torch.release(name);
  }
  const section = await measureAgainst(torch, {
    name: `peers.rollout.${plan}`,
    text: `roll out ${samples} × ${horizon}, ${plan}, net ${size.settings.dynamics.hidden.join("-")}`,
    own: timedOnProcessor(work),
    ...{ counterparts, calls: 1, repetition: REPETITION },
  });
  await model.release();
  return section;
}

/** What is not measured against, and why; for the notes below the table. */
export function missingPeers(torch: TorchProcess | undefined, toInstall: string): string[] {
  if (torch === undefined)
    return [
      `Not measured against PyTorch: no python3 has it. ${toInstall}, or name one that has it with --python.`,
    ];
  if (torch.compilerProblem === "") return [];
  return [
    `Not measured against torch.compile: ${torch.compilerProblem}. It needs PyTorch 2, a C++ compiler and Python's headers.`,
  ];
}
