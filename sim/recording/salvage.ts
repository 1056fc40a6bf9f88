import { MCAP_MAGIC, McapStreamReader, Opcode } from "@mcap/core";
import { InputError } from "../core/errors.js";
import type { OpenFile } from "../core/own-files.js";
import type { EpisodeHeader, EpisodeStep, EpisodeTotals } from "./episode.js";
import { readBytes, readingError, TooLargeError, withEpisodeFile } from "./file-bytes.js";
import { checkLimit, LimitExceeded, NumberCount } from "./limits.js";
import { CollectedMcap } from "./mcap.js";
import { RECORD_HEAD, RecordCount, spanAt, spansUntilDamage } from "./mcap-records.js";
import { fromMetadata } from "./metadata.js";
import { decodePlayback, type EpisodePlayback } from "./playback.js";
import { decodeEpisode, decodeStart, type Episode, numbersOf } from "./reader.js";
import { METADATA_NAME, TOPICS } from "./recorder.js";
import { StepCodec } from "./step-messages.js";
import { messagesOn } from "./topic-messages.js";

/** What can be played of an episode: `steps` may be fewer than `totals.steps`. */
export interface PlayableEpisode extends Omit<Episode, "initialSnapshot" | "playback"> {
  readonly playback: EpisodePlayback;
  /** What is wrong with the file; undefined for a whole one. */
  readonly damage: string | undefined;
}

/**
 * Reads an episode for looking at: a truncated or damaged one up to the damage.
 * @throws InputError when the file is not an episode, nothing of it can be played, or it holds more than is read of one
 */
export function readPlayable(path: string): PlayableEpisode {
  return decodePlayable(path, readBytes(path));
}

/**
 * The same from a file's bytes.
 * @param path for messages
 * @throws InputError as `readPlayable` does, and nothing else whatever the bytes are
 */
export function decodePlayable(path: string, bytes: Buffer): PlayableEpisode {
  try {
    const { playback, initialSnapshot: _, ...episode } = decodeEpisode(path, bytes, { poses: true });
    return { ...episode, playback: playback!, damage: undefined };
  } catch (error) {
    if (!(error instanceof InputError) || error instanceof TooLargeError) throw error;
    return salvage(path, bytes, error);
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
/** Records outside chunks that are looked at where the metadata do not come first; earlier versions wrote dozens. */
const MOST_LOOKED_AT = 4096;

/**
 * Reads what an episode is, without reading all of it.
 * @throws InputError when the file is not an episode or does not say what it is.
 */
export function readSummary(path: string): EpisodeSummary {
  const { fields, complete } = withEpisodeFile(path, (file) => ({
    fields: metadataIn(file.read(0, HEAD_BYTES)) ?? metadataIn(findMetadata(file)),
    complete: file.read(Math.max(file.size - MAGIC.length, 0), MAGIC.length).equals(MAGIC),
  }));
  try {
    if (fields === undefined) throw new Error(`no ${METADATA_NAME} record`);
    const { header, totals } = fromMetadata(fields);
    return { header, totals, complete };
  } catch (cause) {
    throw readingError(path, cause, "an episode as hypercrl writes it");
  }
}

const MAGIC = Buffer.from(MCAP_MAGIC);
const metadataIn = (bytes: Buffer) => collectUntilDamage(bytes).metadata.get(METADATA_NAME);

/** The bytes of a file that has nothing but the metadata record of an episode, if this one has it. */
function findMetadata(file: OpenFile): Buffer {
  const name = Buffer.from(METADATA_NAME);
  let at = MAGIC.length;
  for (let i = 0; i < MOST_LOOKED_AT; i++) {
    // A metadata record begins with its name, as u32 length and text.
    const head = file.read(at, RECORD_HEAD + 4 + name.length);
    if (head.length < RECORD_HEAD) break;
    const { opcode, end: length } = spanAt(head, 0);
    if (opcode === Opcode.METADATA && head.subarray(-name.length).equals(name)) {
      checkLimit("metadataBytes", length);
      return Buffer.concat([MAGIC, file.read(at, length)]);
    }
    at += length;
  }
  return MAGIC;
}

function salvage(path: string, bytes: Buffer, reason: InputError): PlayableEpisode {
  try {
    const file = collectUntilDamage(bytes);
    const fields = file.metadata.get(METADATA_NAME);
    // Not an episode, or one cut off before it says what it is.
    if (fields === undefined) throw reason;
    const { header, spec, totals, measures } = fromMetadata(fields);
    const numbers = new NumberCount();
    const codec = new StepCodec(spec, measures);
    const start = decodeStart(file, codec, spec);
    const readable = decodeWhilePossible(codec, messagesOn(file, TOPICS.step), numbers);
    const steps = readable.slice(0, Math.max(messagesOn(file, TOPICS.poses).length - 1, 0));
    const playback = decodePlayback(file, spec, steps.length, numbers);
    const damage = `${reason.details.got ?? reason.details.what}; ${extent(steps.length, totals.steps)}`;
    return { path, header, spec, totals, start, steps, playback, damage };
  } catch (cause) {
    throw readingError(path, cause, "at least the start of an episode");
  }
}

function extent(steps: number, of: number): string {
  if (steps < of) return `${steps} of ${of} steps can be played`;
  return `all ${of} steps can be played, but some values may be wrong`;
}

function decodeWhilePossible(
  codec: StepCodec,
  messages: readonly Uint8Array[],
  numbers: NumberCount,
): EpisodeStep[] {
  const steps: EpisodeStep[] = [];
  try {
    for (const message of messages) {
      const step = codec.decodeStep(message, steps.length + 1);
      numbers.add(numbersOf(step));
      steps.push(step);
    }
  } catch (error) {
    if (error instanceof LimitExceeded) throw error;
    // The damage; what comes after it cannot be trusted to follow on.
  }
  return steps;
}

/** Messages and metadata of the records before the first that is incomplete or malformed. @throws LimitExceeded */
function collectUntilDamage(bytes: Buffer): CollectedMcap {
  const content = new CollectedMcap();
  const count = new RecordCount();
  const reader = new McapStreamReader({ noMagicPrefix: true, validateCrcs: false });
  try {
    for (const span of spansUntilDamage(bytes)) {
      count.add(span);
      reader.append(bytes.subarray(span.start, span.end));
      const record = reader.nextRecord();
      if (record !== undefined) content.add(record);
    }
  } catch (error) {
    if (error instanceof LimitExceeded) throw error;
    // The damage.
  }
  return content;
}
