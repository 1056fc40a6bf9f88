import { type MessagePort, parentPort } from "node:worker_threads";
import { HyperCrlError } from "../../sim/core/errors.js";
import { readPlayable } from "../../sim/recording/salvage.js";
import { encodeEpisode } from "./encode.js";
import type { EpisodeReply, EpisodeRequest } from "./episode-thread.js";

function answer({ ref, path }: EpisodeRequest): EpisodeReply {
  try {
    return { body: new TextEncoder().encode(JSON.stringify(encodeEpisode(ref, readPlayable(path)))) };
  } catch (error) {
    if (error instanceof HyperCrlError) {
      return { failed: { ...error.details, cause: undefined }, exitCode: error.exitCode };
    }
    return { broken: error instanceof Error ? String(error.stack) : String(error) };
  }
}

/** The server's end of the line. */
function connect(): MessagePort {
  if (parentPort === null) throw new Error("Episodes are read on a thread of their own only.");
  return parentPort;
}

const port = connect();
port.on("message", (request: EpisodeRequest) => {
  const reply = answer(request);
  port.postMessage(reply, "body" in reply ? [reply.body.buffer as ArrayBuffer] : []);
});
