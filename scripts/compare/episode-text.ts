import { type EpisodeRecord, episodeKind } from "../../agent/run/records.js";

const ACTIONS = {
  random: "random actions",
  mixed: "random, then planned actions",
  train: "training",
} as const;

/** How the actions of a learning episode were chosen, for people. */
export const actionsText = (record: EpisodeRecord): string => ACTIONS[episodeKind(record)];

/** How a learning episode ended where it was not by making all of its steps, for people. */
export function endTexts({ terminated, cut }: Pick<EpisodeRecord, "terminated" | "cut">): string[] {
  if (terminated === true) return ["ended by itself"];
  return cut ? ["cut short"] : [];
}

/** How the actions of a learning episode were chosen, and how it ended. */
export const learningText = (record: EpisodeRecord): string =>
  [actionsText(record), ...endTexts(record)].join(", ");
