import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { Environment } from "../../../sim/environment.js";
import type { EpisodeHeader } from "../../../sim/recording/episode.js";
import { EpisodeRecorder } from "../../../sim/recording/recorder.js";
import {
  type FakeOptions,
  fakeAction,
  fakeForecast,
  fakeTask,
  HEADER,
} from "../../sim/recording/fake-task.js";

/** The bytes of an episode of the fake task, with another header. */
export async function episodeBytes(
  header: Partial<EpisodeHeader> = {},
  options: FakeOptions = {},
  plans = false,
): Promise<Uint8Array> {
  const task = fakeTask(options);
  const environment = new Environment(task);
  const all = { ...HEADER, ...header };
  environment.reset(all.seed);
  const recorder = new EpisodeRecorder(environment, all);
  for (let step = 1; step <= task.spec.episodeSteps; step++) {
    if (plans) recorder.recordPlan(fakeForecast(environment.observation));
    const action = fakeAction(step);
    recorder.record(action, environment.step(action));
  }
  return recorder.bytes();
}

/** Writes an episode of the fake task. */
export async function writeEpisode(
  path: string,
  header: Partial<EpisodeHeader> = {},
  options: FakeOptions = {},
  plans = false,
): Promise<string> {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, await episodeBytes(header, options, plans));
  return path;
}
