import { z } from "zod";
import { readDocument } from "../../sim/core/documents.js";
import { UsageError } from "../../sim/core/errors.js";
import { machineDifferences } from "../bench/compare.js";
import { type Machine, machineSchema } from "../bench/result.js";
import type { KindResult } from "./campaign.js";
import { toTenth } from "./minutes.js";
import { OUTCOMES } from "./protocol.js";

const schema = z.strictObject({
  definition: z.string(),
  seed: z.int(),
  /** Of each kind. */
  cases: z.int(),
  /** Taken by all kinds, one after another. */
  minutes: z.number(),
  machine: machineSchema,
  kinds: z.record(z.string(), z.record(z.enum(OUTCOMES), z.int())),
  bad: z.array(
    z.strictObject({
      kind: z.string(),
      seed: z.int(),
      index: z.int(),
      outcome: z.enum(OUTCOMES),
      detail: z.string(),
    }),
  ),
});

/** What a campaign has found so far, as it is written to a file. */
export type Campaign = z.infer<typeof schema>;

/** A campaign of which no kind is done. */
export function newCampaign(seed: number, cases: number, machine: Machine): Campaign {
  return {
    definition:
      "cases of each kind by what came of them. refused: an error that names what is wrong; harmless: done as if nothing was wrong; trace: an error that the program does not know; hang, memory: stopped from outside; escaped: a file that was not named was changed",
    seed,
    cases,
    minutes: 0,
    machine,
    kinds: {},
    bad: [],
  };
}

/** The campaign with one kind more, which took some minutes. */
export function withKind(campaign: Campaign, { kind, counts, bad }: KindResult, minutes: number): Campaign {
  return {
    ...campaign,
    minutes: toTenth(campaign.minutes + minutes),
    kinds: { ...campaign.kinds, [kind]: { ...counts } },
    bad: [...campaign.bad, ...bad],
  };
}

/**
 * Reads a campaign that was stopped, to go on with it.
 * @throws InputError when the file holds something else, UsageError when its cases, machine or versions are others
 */
export function readCampaign(path: string, seed: number, cases: number, machine: Machine): Campaign {
  const todo = "Choose another --out, or delete the file";
  const campaign = readDocument(path, schema, { expected: "what `npm run fuzz` writes", todo });
  const differences = machineDifferences(campaign.machine, machine);
  if (campaign.seed === seed && campaign.cases === cases && differences.length === 0) return campaign;
  throw new UsageError({
    what: `${path} holds another campaign`,
    got: [`seed ${campaign.seed}`, `${campaign.cases} cases of each kind`, ...differences].join(", "),
    expected: `seed ${seed}, ${cases} cases, the same machine and versions`,
    todo,
  });
}
