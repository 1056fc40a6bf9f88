import { type EpisodeRecord, episodeKind } from "../../agent/run/records.js";

const ACTIONS = {
  random: "random actions",
  mixed: "random, then planned actions",
  train: "training",
} as const;

/** How the actions of a learning episode were chosen, for people. */
export const actionsText = (record: EpisodeRecord): string => ACTIONS[episodeKind(record)];

/** The same, and whether it was cut short. */
export const learningText = (record: EpisodeRecord): string =>
  record.cut ? `${actionsText(record)}, cut short` : actionsText(record);
