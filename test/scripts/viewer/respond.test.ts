import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EpisodeCatalog } from "../../../scripts/viewer/episode-catalog.js";
import type { EpisodePayload, ViewerIndex } from "../../../scripts/viewer/payload.js";
import { respond } from "../../../scripts/viewer/respond.js";
import { episodeBytes, writeEpisode } from "./episodes.js";

const folder = mkdtempSync(join(tmpdir(), "hypercrl-respond-"));
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
const ask = (url: string, host: string | undefined = `127.0.0.1:${PORT}`, method = "GET") =>
  respond({ method, url, host }, PORT, catalog);

describe("respond", () => {
  it("gives the page, its parts, the list and the episodes", () => {
    expect(ask("/")).toMatchObject({ status: 200, type: "text/html; charset=utf-8" });
    expect(ask("/?x=1").body).toContain("<!doctype html>");
    expect(ask("/main.js").type).toMatch(/^text\/javascript/);
    expect(ask("/page.css").type).toMatch(/^text\/css/);
    const index = JSON.parse(ask("/index.json").body) as ViewerIndex;
    expect(index.sources).toEqual(["run"]);
    expect(index.episodes.map(({ file }) => file)).toEqual(
      [MARKUP, "a.mcap", "cut.mcap", "link.mcap", "none.mcap"].sort(),
    );
    expect(index.episodes.find(({ file }) => file === "none.mcap")?.problem).toMatch(/no episode record/);
    expect(index.episodes.find(({ file }) => file === "cut.mcap")?.complete).toBe(false);
    const episode = JSON.parse(ask("/episodes/0/a.mcap").body) as EpisodePayload;
    expect(episode).toMatchObject({ steps: 35, header: { task: "<b>bold</b>" } });
    expect(episode.damage).toBeUndefined();
    const named = ask(`/episodes/0/${encodeURIComponent(MARKUP)}`);
    expect(JSON.parse(named.body)).toMatchObject({ file: MARKUP });
  });

  it("gives a truncated episode with what is wrong, and for a hopeless one the reason", () => {
    const cut = JSON.parse(ask("/episodes/0/cut.mcap").body) as EpisodePayload;
    expect(cut.steps).toBeLessThan(35);
    expect(cut.damage).toMatch(/truncated.*of 35 steps can be played/);
    expect(ask("/episodes/0/none.mcap")).toMatchObject({ status: 422, type: "text/plain; charset=utf-8" });
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
  ])("refuses the path outside the folder %s", (url) => {
    expect(ask(url)).toMatchObject({ status: 403 });
    expect(ask(url).body).toMatch(/^Forbidden: only episodes/);
  });

  it.each([
    "evil.example",
    `evil.example:${PORT}`,
    "127.0.0.1",
    "127.0.0.1:4001",
    "localhost",
    "",
    undefined,
  ])("refuses the host %s", (host) => {
    const { status, body } = respond({ method: "GET", url: "/index.json", host }, PORT, catalog);
    expect(status).toBe(403);
    expect(body).not.toContain("mcap");
  });

  it("keeps the events from other hosts, too", () => {
    expect(ask("/events")).toMatchObject({ status: 200, type: "text/event-stream", live: true });
    const refused = ask("/events", "evil.example");
    expect(refused.status).toBe(403);
    expect(refused.live).toBeUndefined();
  });

  it.each([`localhost:${PORT}`, `127.0.0.1:${PORT}`, `[::1]:${PORT}`])("answers the host %s", (host) => {
    expect(ask("/", host).status).toBe(200);
  });

  it("answers on port 80, which browsers leave out", () => {
    const at80 = (host: string) => respond({ method: "GET", url: "/", host }, 80, catalog).status;
    expect(["localhost", "127.0.0.1:80", "[::1]"].map(at80)).toEqual([200, 200, 200]);
    expect(["evil.example", "localhost:81"].map(at80)).toEqual([403, 403]);
  });

  it.each<[string, number]>([
    ["/episodes/0/absent.mcap", 404],
    ["/episodes/1/a.mcap", 404],
    ["/episodes/0/", 404],
    ["/settings.json", 404],
    ["/%zz", 400],
  ])("answers %s with %i", (url, status) => {
    expect(ask(url).status).toBe(status);
  });

  it("answers nothing but GET and HEAD", () => {
    expect(ask("/", `localhost:${PORT}`, "POST").status).toBe(405);
    expect(ask("/", `localhost:${PORT}`, "HEAD").status).toBe(200);
  });
});
