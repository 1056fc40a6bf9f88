import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";

import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encodeEpisode } from "../../../scripts/viewer/encode.js";
import { EpisodeCatalog } from "../../../scripts/viewer/episode-catalog.js";
import type { EpisodePayload, ViewerIndex } from "../../../scripts/viewer/payload.js";
import { type ReadEpisode, respond } from "../../../scripts/viewer/respond.js";
import { readPlayable } from "../../../sim/recording/salvage.js";
import { temporaryFolder } from "../../files.js";
import { episodeBytes, writeEpisode } from "./episodes.js";

const folder = temporaryFolder();
const run = join(folder, "run");
const episodes = join(run, "episodes");
const MARKUP = "<img src=x onerror=alert(1)>.mcap";
let catalog: EpisodeCatalog;

beforeAll(async () => {
  await writeEpisode(join(episodes, "a.mcap"), { task: "<b>bold</b>" });
  await writeEpisode(join(episodes, MARKUP), { phase: "random", afterTask: -1 });
  const bytes = await episodeBytes();
  writeFileSync(join(episodes, "cut.mcap"), bytes.subarray(0, bytes.length >> 1));
  writeFileSync(join(episodes, "none.mcap"), "hello");
  writeFileSync(join(run, "settings.json"), "{}");
  await writeEpisode(join(folder, "outside.mcap"));
  symlinkSync(join(folder, "outside.mcap"), join(episodes, "link.mcap"));
  mkdirSync(join(folder, "run-2"));
  catalog = new EpisodeCatalog([run]);
});

afterAll(() => rmSync(folder, { recursive: true }));

const PORT = 4000;
/** As the server does, but on this thread. */
const read: ReadEpisode = async (ref, path) =>
  Buffer.from(JSON.stringify(encodeEpisode(ref, readPlayable(path))));
const answer = async (method: string, url: string, host: string | undefined, port = PORT) => {
  const { body, ...rest } = await respond({ method, url, host }, port, catalog, read);
  return { ...rest, body: Buffer.from(body).toString("utf8") };
};
const ask = (url: string, host = `127.0.0.1:${PORT}`) => answer("GET", url, host);

describe("respond", () => {
  it("gives the page, its parts, the list and the episodes", async () => {
    expect(await ask("/")).toMatchObject({ status: 200, type: "text/html; charset=utf-8" });
    expect((await ask("/?x=1")).body).toContain("<!doctype html>");
    expect((await ask("/main.js")).type).toMatch(/^text\/javascript/);
    expect((await ask("/page.css")).type).toMatch(/^text\/css/);
    const index = JSON.parse((await ask("/index.json")).body) as ViewerIndex;
    expect(index.sources).toEqual(["run"]);
    expect(index.episodes.map(({ file }) => file)).toEqual(
      [MARKUP, "a.mcap", "cut.mcap", "link.mcap", "none.mcap"].sort(),
    );
    expect(index.episodes.find(({ file }) => file === "none.mcap")?.problem).toMatch(/no episode record/);
    expect(index.episodes.find(({ file }) => file === "cut.mcap")?.complete).toBe(false);
    // Nothing of what it leads to.
    expect(index.episodes.find(({ file }) => file === "link.mcap")).toEqual({
      source: 0,
      file: "link.mcap",
      problem: "a link that leads out of the folder",
    });
    const episode = JSON.parse((await ask("/episodes/0/a.mcap")).body) as EpisodePayload;
    expect(episode).toMatchObject({ steps: 35, header: { task: "<b>bold</b>" } });
    expect(episode.damage).toBeUndefined();
    const named = await ask(`/episodes/0/${encodeURIComponent(MARKUP)}`);
    expect(JSON.parse(named.body)).toMatchObject({ file: MARKUP });
  });

  it("gives a truncated episode with what is wrong, and for a hopeless one the reason", async () => {
    const cut = JSON.parse((await ask("/episodes/0/cut.mcap")).body) as EpisodePayload;
    expect(cut.steps).toBeLessThan(35);
    expect(cut.damage).toMatch(/truncated.*of 35 steps can be played/);
    expect(await ask("/episodes/0/none.mcap")).toMatchObject({
      status: 422,
      type: "text/plain; charset=utf-8",
    });
  });

  it.each([
    "/episodes/0/../settings.json",
    "/episodes/0/..%2fsettings.json",
    "/episodes/0/%2e%2e/%2e%2e/outside.mcap",
    "/episodes/0/..%5c..%5csettings.json/../../x",
    "/episodes/0//etc/passwd",
    `/episodes/0/${encodeURIComponent(join(folder, "outside.mcap"))}`,
    "/episodes/0/link.mcap",
    "/episodes/0/a.mcap%00",
    "/../settings.json",
    "/..%2f..%2fetc/passwd",
  ])("refuses the path outside the folder %s", async (url) => {
    expect(await ask(url)).toMatchObject({ status: 403 });
    expect((await ask(url)).body).toMatch(/^Forbidden: only episodes/);
  });

  it.each([
    "evil.example",
    `evil.example:${PORT}`,
    "127.0.0.1",
    "127.0.0.1:4001",
    "localhost",
    "",
    undefined,
  ])("refuses the host %s", async (host) => {
    const { status, body } = await answer("GET", "/index.json", host);
    expect(status).toBe(403);
    expect(body).not.toContain("mcap");
  });

  it("keeps the events from other hosts, too", async () => {
    expect(await ask("/events")).toMatchObject({ status: 200, type: "text/event-stream", live: true });
    const refused = await ask("/events", "evil.example");
    expect(refused.status).toBe(403);
    expect(refused.live).toBeUndefined();
  });

  it.each([`localhost:${PORT}`, `127.0.0.1:${PORT}`, `[::1]:${PORT}`])(
    "answers the host %s",
    async (host) => {
      expect((await ask("/", host)).status).toBe(200);
    },
  );

  it("answers on port 80, which browsers leave out", async () => {
    const at80 = async (host: string) => (await answer("GET", "/", host, 80)).status;
    for (const host of ["localhost", "127.0.0.1:80", "[::1]"]) expect(await at80(host)).toBe(200);
    for (const host of ["evil.example", "localhost:81"]) expect(await at80(host)).toBe(403);
  });

  it.each<[string, number]>([
    ["/episodes/0/absent.mcap", 404],
    ["/episodes/1/a.mcap", 404],
    ["/episodes/0/", 404],
    ["/settings.json", 404],
    ["/%zz", 400],
  ])("answers %s with %i", async (url, status) => {
    expect((await ask(url)).status).toBe(status);
  });

  it("answers nothing but GET and HEAD", async () => {
    expect((await answer("POST", "/", `localhost:${PORT}`)).status).toBe(405);
    expect((await answer("HEAD", "/", `localhost:${PORT}`)).status).toBe(200);
  });
});
