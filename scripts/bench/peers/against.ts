import { elementAt } from "../../../sim/core/element.js";
import { GEMM_FLOP, gemmJob, type Job, medians, type Repetition, timedOnProcessor } from "../measure.js";
import { joinSections, named, type Section } from "../result.js";
import type { TorchProcess } from "./torch-process.js";

/** The same work in PyTorch. */
export interface Counterpart {
  /** In the figures' names. */
  readonly name: string;
  readonly text: string;
  readonly job: Readonly<Record<string, unknown>>;
}

/** Work of ours and its counterparts. */
export interface Contest {
  /** Prefix of the figures' names. */
  readonly name: string;
  readonly text: string;
  readonly own: Job;
  readonly counterparts: readonly Counterpart[];
  /** What the counterparts' times are divided by: minibatches in a call of theirs. Ours tells the time of one. */
  readonly calls: number;
  readonly repetition: Repetition;
}

/** Below this share of our rate of matrix products, a counterpart's library is not the one that its users have. */
const LEAST_GEMM = 0.5;

const GEMM = "gemm";

/** Measures our work in turn with its counterparts and with a matrix product on both sides, in processor time. */
export async function measureAgainst(torch: TorchProcess, contest: Contest): Promise<Section> {
  const { name, own, counterparts, calls, repetition } = contest;
  const peers: Job[] = [await torch.job(GEMM, { kind: GEMM })];
  for (const { name: peer, job } of counterparts) peers.push(await torch.job(peer, job));
  const ms = await medians([await gemmJob(timedOnProcessor), own, ...peers], repetition);
  for (const peer of [GEMM, ...counterparts.map((one) => one.name)]) await torch.release(peer);
  const gemmMs = { own: elementAt(ms, 0, "times"), peer: elementAt(ms, 2, "times") };
  const ownMs = elementAt(ms, 1, "times");
  const rates = named(name, {
    ms: [ownMs, "ms"],
    gemm: [GEMM_FLOP / gemmMs.own / 1e6, "GFLOP/s"],
    torchGemm: [GEMM_FLOP / gemmMs.peer / 1e6, "GFLOP/s"],
  });
  const sections = counterparts.map((counterpart, i) => {
    const peerMs = elementAt(ms, i + 3, "times") / calls;
    return outcome(contest, counterpart, { ownMs, peerMs, gemmShare: gemmMs.own / gemmMs.peer });
  });
  return joinSections([{ figures: rates, rows: [] }, ...sections]);
}

export interface Times {
  readonly ownMs: number;
  readonly peerMs: number;
  /** Its rate of matrix products over ours. */
  readonly gemmShare: number;
}

/** One counterpart's figures and line; without the quotient of the times where its matrix products are crippled. */
export function outcome(
  { name, text }: Pick<Contest, "name" | "text">,
  counterpart: Pick<Counterpart, "name" | "text">,
  { ownMs, peerMs, gemmShare }: Times,
): Section {
  const fair = gemmShare >= LEAST_GEMM;
  const figures = named(`${name}.${counterpart.name}`, {
    ms: [peerMs, "ms"],
    ...(fair && { ours: [ownMs / peerMs, "ratio"] as const }),
  });
  const row = {
    what: `${text} in PyTorch, ${counterpart.text}`,
    figure: `${peerMs.toFixed(2)} ms`,
    against: fair
      ? `ours ${ownMs.toFixed(2)} ms`
      : `ours ${ownMs.toFixed(2)} ms; no ratio: its matrix product has ${gemmShare.toFixed(2)} of our rate`,
    ratio: fair ? (ownMs / peerMs).toFixed(3) : "–",
  };
  return { figures, rows: [row] };
}
