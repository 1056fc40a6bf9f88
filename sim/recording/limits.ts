import { MIB } from "../core/bytes.js";

/**
 * The most that a recording may hold. People open recordings that others sent them, and a small file can ask for much: these
 * limits bound what reading one takes, at most about 1.5 GB of memory and some seconds. They are checked before the work is
 * done, and lie far above what episodes need: one of push takes 120 steps, 1.7 MB and 160,000 numbers with its plans.
 */
const LIMITS = {
  /** A push episode of 10,000 steps with its plans takes 140 MB. */
  fileBytes: { most: 256 * MIB, unit: "bytes" },
  /** Of one chunk. Our chunks take 1 MiB and a message, those that other tools write 4 MiB. Compressed ones are not read. */
  chunkBytes: { most: 32 * MIB, unit: "bytes in one chunk" },
  /** Of one message: a plan of six landmarks over 1,000 steps takes 1.2 MB. A byte becomes up to 100 in memory. */
  messageBytes: { most: 4 * MIB, unit: "bytes in one message" },
  /** Records of all kinds, those inside chunks counted alone. */
  records: { most: 1_000_000, unit: "records" },
  /** A step takes two, four with its plan: enough for 125,000 planned steps. */
  messages: { most: 500_000, unit: "messages" },
  /** Of schemas, channels, metadata and indexes: 16 for each message and some kB for the rest. */
  bookkeepingBytes: { most: 16 * MIB, unit: "bytes of schemas, channels, metadata and indexes" },
  /** Of one metadata record: what an episode says of itself takes 50 for each channel. */
  metadataBytes: { most: MIB, unit: "bytes in one metadata record" },
  /** Observation, action and measures together; our tasks have at most 60. */
  channels: { most: 1024, unit: "observation, action and measure channels" },
  /** Of an episode that was not told its task; more have no place on a page. */
  believedTasks: { most: 1024, unit: "tasks that the robot may have faced" },
  /** Bodies with poses or shapes; our tasks have at most 40. The page draws each by itself. */
  bodies: { most: 4096, unit: "bodies" },
  shapes: { most: 16_384, unit: "shapes" },
  /**
   * What one request expands to: entries of observations, actions, measures, poses and plans over all steps, plans padded to
   * the longest, measures counted 16 times. As float32 they take 128 MiB, as the text that the page gets 180 MB. 10,000 planned push steps have 13 million.
   */
  numbers: { most: 2 ** 25, unit: "numbers" },
  /** Characters of the name of a suite, a task, a channel or a measure. */
  nameLength: { most: 200, unit: "characters in one name" },
} as const;

/** A recording holds more than it may. */
export class LimitExceeded extends Error {
  readonly expected: string;

  constructor(name: keyof typeof LIMITS, got: number) {
    const { most, unit } = LIMITS[name];
    super(`${got.toLocaleString("en")} ${unit}`);
    this.expected = `at most ${most.toLocaleString("en")}`;
  }
}

/** @throws LimitExceeded */
export function checkLimit(name: keyof typeof LIMITS, got: number): void {
  if (got > LIMITS[name].most) throw new LimitExceeded(name, got);
}

/** Counts the numbers that a recording expands to while it is read. */
export class NumberCount {
  #count = 0;

  /** To be called before the memory for them is taken. @throws LimitExceeded when they are too many together */
  add(count: number): void {
    this.#count += count;
    checkLimit("numbers", this.#count);
  }
}
