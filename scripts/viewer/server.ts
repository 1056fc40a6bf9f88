import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { RunError } from "../../sim/core/errors.js";
import type { EpisodeCatalog } from "./episode-catalog.js";
import { EpisodeThread } from "./episode-thread.js";
import { LiveFeed } from "./live-feed.js";
import { HEADERS, respond } from "./respond.js";

export interface ViewerServer {
  readonly port: number;
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Serves the page on this machine only.
 * @param port 0 for any that is free
 * @param onError told of what should not have happened while answering
 * @throws RunError when the port cannot be used
 */
export async function serveViewer(
  catalog: EpisodeCatalog,
  port: number,
  onError: (error: unknown) => void,
): Promise<ViewerServer> {
  let bound = port;
  let closing = false;
  const feed = new LiveFeed(catalog.runs);
  const episodes = new EpisodeThread();
  const answer = async ({ method = "", url = "", headers }: IncomingMessage, out: ServerResponse) => {
    const asked = { method, url, host: headers.host };
    const { status, type, body, live } = await respond(asked, bound, catalog, (ref, path) =>
      episodes.read(ref, path),
    );
    if (live && method === "GET") return streamEvents(out, type, feed);
    out.writeHead(status, { ...HEADERS, "Content-Type": type, "Content-Length": Buffer.byteLength(body) });
    out.end(method === "HEAD" ? undefined : body);
  };
  const server = createServer((request, out) => {
    answer(request, out).catch((error: unknown) => {
      // What is still being read then is given up.
      if (!closing) onError(error);
      if (!out.headersSent) out.writeHead(500, HEADERS);
      out.end();
    });
  });
  await new Promise<void>((done, fail) => {
    server.once("error", (cause: NodeJS.ErrnoException) => fail(portError(port, cause)));
    server.listen(port, "127.0.0.1", done);
  }).catch(async (error: unknown) => {
    await episodes.close();
    throw error;
  });
  bound = (server.address() as AddressInfo).port;
  return {
    port: bound,
    url: `http://127.0.0.1:${bound}/`,
    close: async () => {
      closing = true;
      await new Promise<void>((done) => {
        server.close(() => done());
        // A browser keeps its connections open.
        server.closeAllConnections();
      });
      await episodes.close();
    },
  };
}

/** Answers with events until the connection ends. */
function streamEvents(out: ServerResponse, type: string, feed: LiveFeed): void {
  out.writeHead(200, { ...HEADERS, "Content-Type": type });
  out.on(
    "close",
    feed.listen((text) => out.write(text)),
  );
}

function portError(port: number, cause: NodeJS.ErrnoException): RunError {
  const busy = cause.code === "EADDRINUSE";
  return new RunError({
    what: busy ? `Port ${port} is in use` : `Cannot listen on port ${port}`,
    got: busy ? "another program listening on 127.0.0.1 there" : (cause.code ?? String(cause)),
    expected: "a free port",
    todo: "Choose another port, or name none to get a free one",
    cause,
  });
}
