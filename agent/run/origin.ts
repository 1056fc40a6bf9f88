import { createHash } from "node:crypto";
import type { EpisodeHeader } from "../../sim/recording/episode.js";
import { ADDED_SETTINGS } from "../settings/added.js";
import { isGroup } from "../settings/parse.js";
import type { Settings } from "../settings/schema.js";

/** Versions that decide a run's numbers. */
export type Versions = EpisodeHeader["versions"] & { readonly node: string; readonly onnxruntime: string };

/** SHA-256 of the settings as resolved, hexadecimal. Added ones are left out at their old value, so older runs keep their hash. */
export function hashSettings(settings: Settings): string {
  const hashed: Record<string, unknown> = { ...structuredClone(settings) };
  for (const [name, key, before] of ADDED_SETTINGS) {
    const group = hashed[name];
    if (isGroup(group) && group[key] === before) delete group[key];
  }
  return createHash("sha256").update(JSON.stringify(hashed)).digest("hex");
}

/** What every recording made with the same settings and versions says of them. */
export type RecordingOrigin = Pick<EpisodeHeader, "suite" | "settingsHash" | "versions">;

/** @param settings those that the episodes are played with */
export function recordingOrigin(settings: Settings, { hypercrl, physics }: Versions): RecordingOrigin {
  return { suite: settings.suite, settingsHash: hashSettings(settings), versions: { hypercrl, physics } };
}
