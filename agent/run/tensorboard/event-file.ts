import { closeSync, constants, existsSync, ftruncateSync, writeSync } from "node:fs";
import protobuf from "protobufjs";
import { crc32c } from "../../../sim/core/crc32c.js";
import { RunError } from "../../../sim/core/errors.js";
import { diskError, writeFileSafely } from "../../../sim/core/files.js";
import { LARGEST, openOwnFile, readRegularFile } from "../../../sim/core/own-files.js";

/** Values of one moment. */
export interface ScalarEvent {
  readonly step: number;
  /** By tag, in the order they are written. */
  readonly values: Readonly<Record<string, number>>;
}

// The fields of TensorFlow's event.proto and summary.proto that scalars need. A member of a oneof is written also where
// it is 0; any other field that is 0 is left out, and TensorBoard then sees no value at all.
const { root } = protobuf.parse(`
  syntax = "proto3";
  package tensorflow;
  message Event {
    double wall_time = 1;
    int64 step = 2;
    oneof what {
      string file_version = 3;
      Summary summary = 5;
    }
  }
  message Summary {
    message Value {
      string tag = 1;
      oneof value {
        float simple_value = 2;
      }
    }
    repeated Value value = 1;
  }
`);
const eventType = root.lookupType("tensorflow.Event");

/** A TFRecord: length (uint64), its checksum, data, their checksum; little-endian. */
function frame(data: Uint8Array): Buffer {
  const out = Buffer.alloc(data.length + 16);
  out.writeBigUInt64LE(BigInt(data.length));
  out.writeUInt32LE(masked(out.subarray(0, 8)), 8);
  out.set(data, 12);
  out.writeUInt32LE(masked(data), 12 + data.length);
  return out;
}

/** The CRC-32C of a TFRecord is turned by 15 bits and moved, since that of data with its own CRC means little. */
function masked(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

/** `wallTime` is the step: no clock, so that equal runs give equal bytes. */
function encodeEvent({ step, values }: ScalarEvent): Buffer {
  const value = Object.entries(values).map(([tag, simpleValue]) => ({ tag, simpleValue }));
  return frame(eventType.encode({ wallTime: step, step, summary: { value } }).finish());
}

const FILE_START = frame(eventType.encode({ wallTime: 0, fileVersion: "brain.Event:2" }).finish());

/** A TensorBoard event file, appended to event by event. */
export class EventFile {
  readonly #path: string;
  #file: number | undefined;
  #bytes: number;

  /**
   * Makes the file hold `past` and nothing else. A file that begins so is cut, not replaced: a TensorBoard that has
   * it open then reads on.
   * @throws InputError when there can be no such file, RunError when the disk is full
   */
  constructor(path: string, past: readonly ScalarEvent[]) {
    this.#path = path;
    const wanted = Buffer.concat([FILE_START, ...past.map(encodeEvent)]);
    this.#bytes = wanted.length;
    try {
      const there = existsSync(path) ? readRegularFile(path, LARGEST.log) : undefined;
      if (!there?.subarray(0, wanted.length).equals(wanted)) writeFileSafely(path, wanted);
      this.#file = openOwnFile(path, constants.O_WRONLY | constants.O_APPEND);
      ftruncateSync(this.#file, wanted.length);
    } catch (cause) {
      throw diskError(path, cause);
    }
  }

  /** Writes an event before it returns. @throws RunError when the disk is full; the file then ends with the last event. */
  append(event: ScalarEvent): void {
    if (this.#file === undefined)
      throw new RunError({ what: `Event file ${this.#path} is used after close()` });
    const bytes = encodeEvent(event);
    try {
      for (let done = 0; done < bytes.length; ) done += writeSync(this.#file, bytes, done);
    } catch (cause) {
      ftruncateSync(this.#file, this.#bytes);
      throw diskError(this.#path, cause);
    }
    this.#bytes += bytes.length;
  }

  /** May be called twice. */
  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }
}
