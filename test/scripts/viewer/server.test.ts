import { rmSync, writeFileSync } from "node:fs";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EpisodeCatalog } from "../../../scripts/viewer/episode-catalog.js";
import { serveViewer, type ViewerServer } from "../../../scripts/viewer/server.js";
import { RunError } from "../../../sim/core/errors.js";
import { temporaryFolder } from "../../files.js";
import { bodyNames, madeUp, posesOf } from "../../sim/recording/hostile.js";
import { writeEpisode } from "./episodes.js";
import { BASELINE, beginRun } from "./run-lines.js";

const run = temporaryFolder();
const errors: unknown[] = [];
let catalog: EpisodeCatalog;
let server: ViewerServer;

beforeAll(async () => {
  await writeEpisode(join(run, "a.mcap"));
  catalog = new EpisodeCatalog([run]);
  server = await serveViewer(catalog, 0, (error) => errors.push(error));
});

afterAll(async () => {
  await server.close();
  rmSync(run, { recursive: true });
});

/** A request as no browser sends it: the path unchanged, any Host header. */
function raw(path: string, headers: Record<string, string> = {}, method = "GET") {
  return new Promise<{ status: number; body: string }>((done, fail) => {
    const options = { host: "127.0.0.1", port: server.port, path, headers, method };
    request(options, (answer) => {
      let body = "";
      answer.setEncoding("utf8").on("data", (text: string) => {
        body += text;
      });
      answer.on("end", () => done({ status: answer.statusCode ?? 0, body }));
    })
      .on("error", fail)
      .end();
  });
}

describe("serveViewer", () => {
  it("answers on this machine, with a policy that lets nothing else in", async () => {
    expect(server.url).toBe(`http://127.0.0.1:${server.port}/`);
    const answer = await fetch(`${server.url}episodes/0/a.mcap`);
    expect(answer.status).toBe(200);
    expect(((await answer.json()) as { steps: number }).steps).toBe(35);
    const policy = answer.headers.get("content-security-policy");
    expect(policy).toMatch(/default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'/);
    expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
    expect(answer.headers.get("cross-origin-resource-policy")).toBe("same-origin");
  });

  it("refuses other hosts and other paths", async () => {
    expect((await raw("/index.json", { Host: "evil.example" })).status).toBe(403);
    expect((await raw("/episodes/0/../../../../etc/passwd")).status).toBe(403);
    expect((await raw("/", {}, "POST")).status).toBe(405);
    expect(await raw("/", {}, "HEAD")).toEqual({ status: 200, body: "" });
    expect(errors).toEqual([]);
  });

  it("sends events as they come, to its own page only", async () => {
    const runFolder = join(run, "live");
    beginRun(runFolder);
    const live = await serveViewer(new EpisodeCatalog([runFolder]), 0, (error) => errors.push(error));
    const answer = await fetch(`${live.url}events`);
    expect(answer.headers.get("content-type")).toBe("text/event-stream");
    expect(answer.headers.get("cache-control")).toBe("no-store");
    const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
    expect((await reader.read()).value).toMatch(/^data: \{.*"episodes":\[\].*\}\n\n$/);
    writeFileSync(join(runFolder, "metrics.jsonl"), BASELINE);
    expect((await reader.read()).value).toMatch(/"file":"baseline-01-01\.mcap"/);
    await live.close();
    await expect(reader.read()).rejects.toThrow();
    expect((await raw("/events", { Host: "evil.example" })).status).toBe(403);
    expect(await raw("/events", {}, "HEAD")).toEqual({ status: 200, body: "" });
    expect(errors).toEqual([]);
  });

  it("goes on whatever is in a file", async () => {
    // 250 kB that come to 112 million numbers.
    const bytes = await madeUp({ steps: 4000, fixedPoses: posesOf(bodyNames(4000)) });
    writeFileSync(join(run, "hostile.mcap"), bytes);
    const asked = raw("/episodes/0/hostile.mcap");
    expect((await raw("/index.json")).status).toBe(200);
    const { status, body } = await asked;
    expect([status, body]).toEqual([422, expect.stringMatching(/holds more than is read of a recording/)]);
    expect((await raw("/episodes/0/a.mcap")).status).toBe(200);
    expect(errors).toEqual([]);
    rmSync(join(run, "hostile.mcap"));
  });

  it("is not reached from outside", async () => {
    const outside = Object.values(networkInterfaces())
      .flatMap((list) => list ?? [])
      .find(({ family, internal }) => family === "IPv4" && !internal)?.address;
    // A machine without a network is not reached anyway.
    const reached =
      outside === undefined
        ? false
        : await fetch(`http://${outside}:${server.port}/`).then(
            () => true,
            () => false,
          );
    expect(reached).toBe(false);
  });

  it("says which port is in use and what to do", async () => {
    const other = createServer();
    await new Promise<void>((done) => other.listen(0, "127.0.0.1", done));
    const { port } = other.address() as AddressInfo;
    const started = serveViewer(catalog, port, () => {});
    await expect(started).rejects.toThrow(RunError);
    await expect(started).rejects.toThrow(
      `Port ${port} is in use; got another program listening on 127.0.0.1 there; expected a free port. Choose another port, or name none to get a free one`,
    );
    await new Promise((done) => other.close(done));
  });
});
