import { InputError } from "../../sim/core/errors.js";
import { ASSETS, type Asset, readAsset } from "./assets.js";
import type { EpisodeCatalog } from "./episode-catalog.js";
import type { EpisodeRef } from "./payload.js";

export interface Request {
  readonly method: string;
  /** Path and query as sent. */
  readonly url: string;
  /** The Host header. */
  readonly host: string | undefined;
}

export interface Response {
  readonly status: number;
  readonly type: string;
  readonly body: string | Uint8Array;
  /** The answer goes on with events of the runs. */
  readonly live?: true;
}

/**
 * Reads an episode for the page: the bytes of its `EpisodePayload` as JSON.
 * @throws InputError when nothing of it can be played
 */
export type ReadEpisode = (ref: EpisodeRef, path: string) => Promise<Uint8Array>;

const TYPES: Readonly<Record<Asset, string>> = {
  "page.html": "text/html",
  "page.css": "text/css",
  "main.js": "text/javascript",
};

/** Names of this machine. */
const NAMES = ["127.0.0.1", "localhost", "[::1]"];

/** Only the page's own files run, and only this server is asked. */
export const HEADERS: Readonly<Record<string, string>> = {
  "Content-Security-Policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data: blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "Cross-Origin-Resource-Policy": "same-origin",
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
  "Cache-Control": "no-store",
};

/**
 * Answers a request.
 * `/` the page; `/index.json` what there is; `/episodes/SOURCE/FILE` one episode; `/events` what is new, as it comes.
 * @param port that the server listens on: another site's name in the Host header means that its pages ask
 */
export async function respond(
  { method, url, host }: Request,
  port: number,
  catalog: EpisodeCatalog,
  readEpisode: ReadEpisode,
): Promise<Response> {
  // Browsers leave out the port that is every site's.
  const asked = port === 80 ? [`:${port}`, ""] : [`:${port}`];
  if (!NAMES.some((name) => asked.some((end) => host === name + end))) {
    return text(403, `Forbidden: ask for http://127.0.0.1:${port}/`);
  }
  if (method !== "GET" && method !== "HEAD") return text(405, "Only GET is answered");
  let path: string;
  try {
    // Not through URL, which resolves `..` before it can be seen.
    path = decodeURIComponent(url.replace(/[?#].*$/, ""));
  } catch {
    return text(400, "The address is not well-formed");
  }
  if (path === "/") return asset("page.html");
  if (path === "/index.json") return json(catalog.index());
  if (path === "/events") return { status: 200, type: "text/event-stream", body: "", live: true };
  const named = ASSETS.find((name) => path === `/${name}`);
  if (named !== undefined) return asset(named);
  const [, source, file] = /^\/episodes\/(\d+)\/(.+)$/s.exec(path) ?? [];
  if (file !== undefined) return episode({ source: Number(source), file }, catalog, readEpisode);
  if (path.split(/[/\\]/).includes("..")) return outside();
  return text(404, "There is nothing at this address");
}

async function episode(
  ref: EpisodeRef,
  catalog: EpisodeCatalog,
  readEpisode: ReadEpisode,
): Promise<Response> {
  // A name with a NUL is no file's.
  if (ref.file.includes("\0")) return outside();
  const found = catalog.locate(ref);
  if (found === "outside") return outside();
  if (found === "missing") {
    return text(404, `There is no episode ${ref.source}/${ref.file} here; choose another above`);
  }
  try {
    return { status: 200, type: JSON_TYPE, body: await readEpisode(ref, found.path) };
  } catch (error) {
    if (error instanceof InputError) return text(422, error.message);
    throw error;
  }
}

function outside(): Response {
  return text(403, "Forbidden: only episodes of the folders given to `hypercrl view` are shown");
}

function text(status: number, body: string): Response {
  return { status, type: "text/plain; charset=utf-8", body: `${body}\n` };
}

const JSON_TYPE = "application/json; charset=utf-8";

function json(value: object): Response {
  return { status: 200, type: JSON_TYPE, body: JSON.stringify(value) };
}

function asset(name: Asset): Response {
  return { status: 200, type: `${TYPES[name]}; charset=utf-8`, body: readAsset(name) };
}
