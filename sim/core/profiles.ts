/** The sets of defaults that settings start from: minutes on a laptop, or as published. */
export const PROFILES = ["quick", "paper"] as const;
export type Profile = (typeof PROFILES)[number];

/** What a suite or a method changes of the profiles, as `name=value` assignments applied before the user's own. */
export type ProfileDefaults = Readonly<Partial<Record<Profile, readonly string[]>>>;
