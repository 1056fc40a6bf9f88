import { existsSync } from "node:fs";
import { count } from "../../../sim/core/count.js";
import { UsageError } from "../../../sim/core/errors.js";
import { writeFileSafely } from "../../../sim/core/files.js";
import { packageVersion } from "../../runs/package-version.js";
import { EpisodeCatalog } from "../../viewer/episode-catalog.js";
import { embeddedData, exportedPage } from "../../viewer/export.js";
import { openBrowser } from "../../viewer/open-browser.js";
import { serveViewer } from "../../viewer/server.js";
import { type Io, say, warner } from "../io.js";

export interface ViewFlags {
  /** Default: any that is free. */
  readonly port?: number;
  /** Also opens the page in the default browser. */
  readonly open?: boolean;
  /** Writes a page that needs no server, instead of serving one. */
  readonly export?: string;
  readonly json?: boolean;
}

/** `hypercrl view`: shows recorded episodes in the browser until stopped, or exports them. Returns the exit code. */
export async function viewCommand(paths: readonly string[], flags: ViewFlags, io: Io): Promise<number> {
  if (paths.length > 2) {
    throw new UsageError({
      what: "Too many episodes to view",
      got: String(paths.length),
      expected: "one run or episode, or two to compare",
    });
  }
  if (flags.export !== undefined) return exportTo(flags.export, paths, flags, io);
  const catalog = new EpisodeCatalog(paths);
  const server = await serveViewer(catalog, flags.port ?? 0, (error) =>
    io.err(String((error as Error).stack)),
  );
  const signal = io.stopSignal();
  if (flags.json) io.out(JSON.stringify({ url: server.url, port: server.port }));
  else say(io, `Showing ${server.url} until Ctrl-C`);
  if (flags.open) openBrowser(server.url, warner(io));
  await new Promise<void>((done) => {
    if (signal.aborted) done();
    signal.addEventListener("abort", () => done(), { once: true });
  });
  await server.close();
  return 0;
}

function exportTo(out: string, paths: readonly string[], { json }: ViewFlags, io: Io): number {
  if (existsSync(out)) {
    throw new UsageError({ what: `${out} exists`, expected: "a new path", todo: "Choose another --export" });
  }
  const data = embeddedData(new EpisodeCatalog(paths));
  const page = exportedPage(data, `hypercrl ${packageVersion()} view`);
  writeFileSafely(out, page);
  const [episodes, bytes] = [data.episodes.length, Buffer.byteLength(page)];
  if (json) io.out(JSON.stringify({ path: out, episodes, bytes }));
  else {
    const size = `${count(episodes, "episode")}, ${(bytes / 1e6).toFixed(1)} MB`;
    say(io, `${out}: ${size}; opens in any browser, without a server`);
  }
  return 0;
}
