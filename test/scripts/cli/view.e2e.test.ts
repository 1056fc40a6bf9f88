import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { temporaryFolder } from "../../files.js";
import { call, expectOneError } from "../call.js";
import { run, start } from "../cli.js";
import { writeEpisode } from "../viewer/episodes.js";

const folder = temporaryFolder();
const episode = join(folder, "run", "episodes", "a.mcap");

beforeAll(async () => {
  await writeEpisode(episode);
});

afterAll(() => rmSync(folder, { recursive: true }));

/** A port that nobody listens on just now. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}

describe("hypercrl view", () => {
  it("serves on the port given until it is stopped, and ends well", async () => {
    const port = await freePort();
    const viewer = start(["view", join(folder, "run"), "--port", String(port)]);
    const url = `http://127.0.0.1:${port}/`;
    await expect
      .poll(
        () =>
          fetch(url).then(
            (a) => a.status,
            () => 0,
          ),
        { timeout: 60_000 },
      )
      .toBe(200);
    const index = (await (await fetch(`${url}index.json`)).json()) as { open: unknown };
    expect(index.open).toEqual([{ source: 0, file: "a.mcap" }]);
    viewer.kill("SIGINT");
    const { code, stdout } = await viewer.finished;
    expect(stdout).toContain(`Showing ${url} until Ctrl-C`);
    expect(code).toBe(0);
  });

  it("names a port in use and exits with 1", async () => {
    const server = createServer();
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    const { port } = server.address() as AddressInfo;
    const finished = await run(["view", episode, "--port", String(port)]);
    expectOneError(finished, 1, new RegExp(`Port ${port} is in use.*Choose another port`));
    await new Promise((done) => server.close(done));
  });

  it("exits with 3 for what is neither run nor episode", async () => {
    writeFileSync(join(folder, "notes.txt"), "hello");
    mkdirSync(join(folder, "empty"));
    expectOneError(await call(["view", join(folder, "absent")]), 3, /absent is missing/);
    expectOneError(await call(["view", join(folder, "notes.txt")]), 3, /notes\.txt is damaged/);
    expectOneError(await call(["view", join(folder, "empty")]), 3, /holds no episodes/);
  });

  it.each<[string, string[], RegExp]>([
    ["no path", [], /missing required argument 'run-or-episode'/],
    ["three", ["a", "b", "c"], /Too many episodes to view; got 3; expected one run or episode, or two/],
    ["port 0", ["a", "--port", "0"], /Expected a port from 1 to 65535/],
    ["a port that is none", ["a", "--port", "70000"], /Expected a port from 1 to 65535/],
    ["export and port", ["a", "--export", "x.html", "--port", "4000"], /cannot be used with option/],
  ])("exits with 2 for %s", async (_, args, message) => {
    expectOneError(await call(["view", ...args]), 2, message);
  });

  it("exports one file, and leaves one that exists alone", async () => {
    const out = join(folder, "out.html");
    const { code, stdout } = await run(["view", episode, "--export", out, "--json"]);
    expect(code).toBe(0);
    const page = readFileSync(out, "utf8");
    expect(JSON.parse(stdout)).toEqual({ path: out, episodes: 1, bytes: Buffer.byteLength(page) });
    expect(page).toContain("<!doctype html>");
    expectOneError(
      await call(["view", episode, "--export", out]),
      2,
      /out\.html exists; expected a new path/,
    );
    expectOneError(
      await call(["view", episode, "--export", join(folder, "notes.txt", "x.html")]),
      3,
      /Cannot write/,
    );
    expect(readFileSync(out, "utf8")).toBe(page);
    expect(existsSync(`${out}.tmp`)).toBe(false);
  });
});
