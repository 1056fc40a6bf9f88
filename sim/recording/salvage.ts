import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { MCAP_MAGIC, McapStreamReader, Opcode } from "@mcap/core";
import { InputError } from "../core/errors.js";
import { problemOf } from "../core/problem.js";
import { type EpisodeHeader, type EpisodeStep, type EpisodeTotals, fromMetadata } from "./episode.js";
import { damaged, readBytes, unreadable } from "./file-bytes.js";
import type { ReadMcap } from "./mcap.js";
import { all, decodePlayback, type Episode, type EpisodePlayback, only, readEpisode } from "./reader.js";
import { METADATA_NAME, TOPICS } from "./recorder.js";
import { StepCodec } from "./step-messages.js";

/** What can be played of an episode: `steps` may be fewer than `totals.steps`. */
export interface PlayableEpisode extends Omit<Episode, "initialSnapshot" | "playback"> {
  readonly playback: EpisodePlayback;
  /** What is wrong with the file; undefined for a whole one. */
  readonly damage: string | undefined;
}

/**
 * Reads an episode for looking at: a truncated or damaged one up to the damage.
 * @throws InputError when the file is not an episode, or nothing of it can be played.
 */
export function readPlayable(path: string): PlayableEpisode {
  try {
    const { playback, initialSnapshot: _, ...episode } = readEpisode(path, { poses: true });
    return { ...episode, playback: playback!, damage: undefined };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return salvage(path, error);
  }
}

/** What an episode says of itself at its beginning. */
export interface EpisodeSummary {
  readonly header: EpisodeHeader;
  readonly totals: EpisodeTotals;
  /** False for a file that is cut off; its checksums are not looked at. */
  readonly complete: boolean;
}

/** More than the metadata of any task of ours takes. */
const HEAD_BYTES = 16_384;

/**
 * Reads what an episode is, without reading all of it where its metadata come first.
 * @throws InputError when the file is not an episode or does not say what it is.
 */
export function readSummary(path: string): EpisodeSummary {
  const { head, complete } = readEnds(path);
  const fields =
    collectUntilDamage(head).metadata.get(METADATA_NAME) ??
    collectUntilDamage(readBytes(path)).metadata.get(METADATA_NAME);
  try {
    if (fields === undefined) throw new Error(`no ${METADATA_NAME} record`);
    const { header, totals } = fromMetadata(fields);
    return { header, totals, complete };
  } catch (cause) {
    throw damaged(path, problemOf(cause), "an episode as hypercrl writes it", cause);
  }
}

/** The first bytes of a file, and whether its last are those of a complete one. @throws InputError */
function readEnds(path: string): { head: Buffer; complete: boolean } {
  const [head, tail] = [Buffer.alloc(HEAD_BYTES), Buffer.alloc(MAGIC_BYTES)];
  try {
    const file = openSync(path, "r");
    try {
      const length = readSync(file, head, 0, HEAD_BYTES, 0);
      readSync(file, tail, 0, MAGIC_BYTES, Math.max(fstatSync(file).size - MAGIC_BYTES, 0));
      return { head: head.subarray(0, length), complete: tail.equals(Buffer.from(MCAP_MAGIC)) };
    } finally {
      closeSync(file);
    }
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

function salvage(path: string, reason: InputError): PlayableEpisode {
  const file = collectUntilDamage(readBytes(path));
  const fields = file.metadata.get(METADATA_NAME);
  // Not an episode, or one cut off before it says what it is.
  if (fields === undefined) throw reason;
  try {
    const { header, spec, totals, measures } = fromMetadata(fields);
    const codec = new StepCodec(spec, measures);
    const start = codec.decodeStart(only(file, TOPICS.reset));
    const readable = decodeWhilePossible(codec, all(file, TOPICS.step));
    const steps = readable.slice(0, Math.max(all(file, TOPICS.poses).length - 1, 0));
    const playback = decodePlayback(file, spec, steps.length);
    const damage = `${reason.details.got ?? reason.details.what}; ${extent(steps.length, totals.steps)}`;
    return { path, header, spec, totals, start, steps, playback, damage };
  } catch (cause) {
    throw damaged(path, problemOf(cause), "at least the start of an episode", cause);
  }
}

function extent(steps: number, of: number): string {
  if (steps < of) return `${steps} of ${of} steps can be played`;
  return `all ${of} steps can be played, but some values may be wrong`;
}

function decodeWhilePossible(codec: StepCodec, messages: readonly Uint8Array[]): EpisodeStep[] {
  const steps: EpisodeStep[] = [];
  try {
    for (const message of messages) steps.push(codec.decodeStep(message, steps.length + 1));
  } catch {
    // The damage; what comes after it cannot be trusted to follow on.
  }
  return steps;
}

type Salvaged = Pick<ReadMcap, "messages" | "metadata">;

/** Messages and metadata of the records before the first that is incomplete or malformed. */
function collectUntilDamage(bytes: Buffer): Salvaged {
  const topics = new Map<number, string>();
  const messages = new Map<string, Uint8Array[]>();
  const metadata = new Map<string, ReadonlyMap<string, string>>();
  const reader = new McapStreamReader({ noMagicPrefix: true, validateCrcs: false });
  try {
    for (const bytesOfRecord of records(bytes)) {
      reader.append(bytesOfRecord);
      const record = reader.nextRecord();
      if (record?.type === "Channel") topics.set(record.id, record.topic);
      if (record?.type === "Metadata") metadata.set(record.name, record.metadata);
      if (record?.type === "Message") {
        const topic = topics.get(record.channelId) ?? "";
        if (!messages.has(topic)) messages.set(topic, []);
        messages.get(topic)!.push(record.data.slice());
      }
    }
  } catch {
    // The damage.
  }
  return { messages, metadata };
}

const MAGIC_BYTES = 8;
const RECORD_HEAD = 9;

/**
 * The complete records of a file, those inside chunks as if there were no chunks: a chunk that was cut off still
 * gives what it has. https://mcap.dev/spec: opcode, u64 length, content; a chunk's content begins with u64 start
 * time, u64 end time, u64 size, u32 checksum, string compression, u64 length of the records.
 */
function* records(bytes: Buffer): Generator<Uint8Array> {
  let at = MAGIC_BYTES;
  while (at + RECORD_HEAD <= bytes.length) {
    const opcode = bytes[at];
    const compression = at + RECORD_HEAD + 28;
    if (opcode === Opcode.FOOTER || opcode === Opcode.DATA_END) return;
    if (opcode === Opcode.CHUNK && compression + 12 <= bytes.length) {
      // Ours are never compressed.
      if (bytes.readUInt32LE(compression) !== 0) return;
      at = compression + 12;
      continue;
    }
    const end = at + RECORD_HEAD + Number(bytes.readBigUInt64LE(at + 1));
    if (end > bytes.length) return;
    yield bytes.subarray(at, end);
    at = end;
  }
}
