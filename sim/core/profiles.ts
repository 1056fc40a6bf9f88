import { z } from "zod";

/** The sets of defaults that settings start from: minutes on a laptop, or as published. */
export const PROFILES = ["quick", "paper"] as const;
export type Profile = (typeof PROFILES)[number];

/** What a suite or a method changes of the profiles, as `name=value` assignments applied before the user's own. */
export type ProfileDefaults = Readonly<Partial<Record<Profile, readonly string[]>>>;

const defaultsSchema = z.strictObject({
  quick: z.array(z.string()).optional(),
  paper: z.array(z.string()).optional(),
});

/** What is expected of such defaults, for messages. */
export const DEFAULTS_EXPECTED = 'lists of assignments such as { quick: ["planner.horizon=10"] }, or nothing';

/** Whether a value from outside is such defaults, or left out. */
export function isProfileDefaults(value: unknown): value is ProfileDefaults | undefined {
  return defaultsSchema.optional().safeParse(value).success;
}
