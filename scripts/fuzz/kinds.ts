import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { checkHashes } from "../../agent/run/run-hashes.js";
import { decodeSafetensors, encodeSafetensors } from "../../sim/core/safetensors.js";
import { buildMcap, readMcap } from "../../sim/recording/mcap.js";
import { readEpisode } from "../../sim/recording/reader.js";
import { readPlayable, readSummary } from "../../sim/recording/salvage.js";
import { verifyEpisode } from "../../sim/recording/verify.js";
import { initPhysics, physicsVersion } from "../../sim/world.js";
import { COMMAND_LINE } from "../cli/command-line.js";
import { silentSweepView } from "../cli/sweep-view.js";
import { reportHtml } from "../report/document.js";
import { reportData } from "../report/report.js";
import { readSource } from "../report/runs.js";
import { builtinCatalog } from "../runs/catalog.js";
import { taskOfEpisode } from "../runs/run-parts.js";
import { summarizeRun, train } from "../runs/train.js";
import { localEngine } from "../sweep/local-engine.js";
import { baseOf, planRuns } from "../sweep/plan.js";
import { reportFolder, runSweep } from "../sweep/sweep.js";
import { readSweepFile } from "../sweep/sweep-file.js";
import { encodeEpisode } from "../viewer/encode.js";
import {
  bytesChanges,
  changedBytes,
  changedJson,
  changedLines,
  jsonChanges,
  linesChanges,
  orStandin,
  parsedJson,
  STANDINS,
  type Standin,
} from "./changes.js";
import { commandKind } from "./command-lines.js";
import { BEGUN_FILES } from "./inputs.js";
import { type FuzzKind, isRefusal } from "./kind.js";
import { usedSettingsKind } from "./used-settings.js";

/** Kinds of cases, each with its own type, behind one interface. */
function kind<Case>(definition: FuzzKind<Case>): FuzzKind {
  return definition as FuzzKind;
}

/** What the program does with the inputs. */
interface Reader {
  readonly read: (folder: string) => Promise<void>;
  /** The part of the inputs that it may write in; without, it only reads. */
  readonly writes?: string;
}

/** A kind whose cases are changes of one file of the inputs. */
function fileKind<Change>(
  name: string,
  file: string,
  changes: fc.Arbitrary<Change>,
  changed: (original: Buffer, change: Change, path: string) => Uint8Array | string | Promise<Uint8Array>,
  { read, writes }: Reader,
): FuzzKind {
  return kind<Change | Standin>({
    name,
    changes: [writes ?? file],
    cases: orStandin(changes),
    async run(folder, one) {
      const path = join(folder, file);
      const original = readFileSync(path);
      if (isStandin(one)) putStandin(folder, path, one);
      else writeFileSync(path, await changed(original, one, path));
      await read(folder);
    },
  });
}

function isStandin(one: unknown): one is Standin {
  return typeof one === "string" && (STANDINS as readonly string[]).includes(one);
}

function putStandin(folder: string, path: string, standin: Standin): void {
  rmSync(path);
  if (standin === "empty") writeFileSync(path, "");
  if (standin === "folder") mkdirSync(join(path, "inside"), { recursive: true });
  if (standin === "pipe") execFileSync("mkfifo", [path]);
  if (standin === "link outside") symlinkSync(join(folder, "victim/thesis.tex"), path);
  if (standin === "endless link") symlinkSync("/dev/zero", path);
}

const json = (original: Buffer, changes: Parameters<typeof changedJson>[1]) =>
  `${changedJson(JSON.parse(original.toString("utf8")), changes, 2)}\n`;
const lines = (original: Buffer, changes: Parameters<typeof changedLines>[1]) =>
  changedLines(original.toString("utf8"), changes);

/** Everything that shows a finished run without changing it. */
const show: Reader = { read: showRun };
/** Goes on with a run that was stopped in the middle of a task, up to its first step. */
const resume: Reader = { read: resumeRun, writes: "begun" };
/** Shows a sweep, and goes on with it as far as its runs would be started. */
const continueSweep: Reader = { read: continueRuns, writes: "sweep" };
/** Plays and verifies a recording. */
const play: Reader = { read: playEpisode };
/** Plans the runs of a sweep file. */
const plan: Reader = {
  read: async (folder) => {
    const choice = readSweepFile(join(folder, "compare.json"));
    await planRuns(choice, baseOf(choice), join(folder, "planned"));
  },
};

async function showRun(folder: string): Promise<void> {
  const run = join(folder, "run");
  const each = [
    () => reportHtml(reportData(readSource([run]), join(run, "report.html"))),
    () => summarizeRun(run),
    () => checkHashes(run),
  ];
  await all(each);
}

async function resumeRun(folder: string): Promise<void> {
  await train({ resume: join(folder, "begun"), threads: 1, signal: AbortSignal.abort() });
}

/** Runs all, and fails with the first error afterwards: one that is expected must not hide one that is not. */
async function all(works: readonly (() => unknown)[]): Promise<void> {
  const errors: unknown[] = [];
  for (const work of works) {
    try {
      await work();
    } catch (error) {
      errors.push(error);
    }
  }
  const worst = errors.find((error) => !isRefusal(error)) ?? errors[0];
  if (worst !== undefined) throw worst;
}

async function continueRuns(folder: string): Promise<void> {
  const out = join(folder, "sweep");
  await all([
    () => reportFolder(out),
    () =>
      runSweep({
        out,
        choice: undefined,
        resume: true,
        commandLine: COMMAND_LINE,
        engine: { ...localEngine(1), run: async () => {} },
        signal: AbortSignal.abort(),
        view: silentSweepView,
      }),
  ]);
}

async function playEpisode(folder: string): Promise<void> {
  await initPhysics();
  const path = join(folder, "episode.mcap");
  await all([
    () => readSummary(path),
    () => encodeEpisode({ source: 0, file: "episode.mcap" }, readPlayable(path)),
    () => {
      const episode = readEpisode(path);
      const task = taskOfEpisode(path, episode.header, builtinCatalog.suites);
      verifyEpisode(episode, task, physicsVersion());
    },
  ]);
}

const RECORDING = "episode.mcap";

/** Changes of what a recording says, in a file whose checksums are right. */
interface ContentChange {
  readonly topic: number;
  readonly message: number;
  readonly json: Parameters<typeof changedJson>[1];
  readonly bytes: Parameters<typeof changedBytes>[1];
  readonly on: "message" | "metadata" | "attachment" | "remove" | "repeat";
}

const contentChanges: fc.Arbitrary<readonly ContentChange[]> = fc.array(
  fc.record({
    topic: fc.nat(),
    message: fc.nat(),
    json: jsonChanges,
    bytes: bytesChanges,
    on: fc.constantFrom("message", "message", "message", "metadata", "attachment", "remove", "repeat"),
  }),
  { minLength: 1, maxLength: 3 },
);

async function changedContent(
  path: string,
  original: Buffer,
  changes: readonly ContentChange[],
): Promise<Uint8Array> {
  const { messages, attachments, metadata } = readMcap(path, original);
  const topics = new Map([...messages].map(([topic, list]) => [topic, [...list]]));
  const content = { attachments: new Map(attachments), metadata: new Map(metadata) };
  for (const change of changes) changeContent(topics, content, change);
  const channels = [...topics].map(([topic, [first]]) => ({
    topic,
    schemaName: topic,
    encoding: isJson(first) ? ("json" as const) : ("protobuf" as const),
    schema: new Uint8Array(),
  }));
  const flat = [...topics].flatMap(([topic, list]) =>
    list.map((data, i) => ({ topic, time: BigInt(i), data })),
  );
  return buildMcap("fuzz", channels, flat, content);
}

function changeContent(
  topics: Map<string, Uint8Array[]>,
  content: { attachments: Map<string, Uint8Array>; metadata: Map<string, ReadonlyMap<string, string>> },
  change: ContentChange,
): void {
  const [name, list] = [...topics][change.topic % topics.size] ?? ["", []];
  const i = list.length === 0 ? 0 : change.message % list.length;
  const data = list[i] ?? new Uint8Array();
  if (change.on === "message")
    list[i] = isJson(data)
      ? Buffer.from(changedJson(parsedJson(Buffer.from(data).toString("utf8")), change.json))
      : changedBytes(data, change.bytes);
  if (change.on === "remove") list.splice(i, 1 + (change.message % 3));
  if (change.on === "repeat") topics.set(name, [...list, ...new Array(change.message % 500).fill(data)]);
  if (change.on === "attachment")
    for (const [key, value] of content.attachments)
      content.attachments.set(key, changedBytes(value, change.bytes));
  if (change.on === "metadata")
    for (const [key, fields] of content.metadata) content.metadata.set(key, changedFields(fields, change));
}

/** Fields of a recording's metadata are texts, some of which are JSON: one of them is changed. */
function changedFields(fields: ReadonlyMap<string, string>, { topic, json: changes }: ContentChange) {
  const [key, text] = [...fields][topic % fields.size] ?? ["", ""];
  return new Map([...fields, [key, changedJson(parseOrText(text), changes)]]);
}

function parseOrText(text: string): unknown {
  try {
    return parsedJson(text);
  } catch {
    return text;
  }
}

function isJson(data: Uint8Array | undefined): boolean {
  return data?.[0] === "{".charCodeAt(0);
}

/** A checkpoint whose checksum is right, mostly. */
function changedCheckpoint(original: Buffer, changes: Parameters<typeof changedJson>[1]): string {
  const { sha256: _, ...content } = JSON.parse(original.toString("utf8"));
  const text = changedJson(content, changes);
  const sha256 = createHash("sha256").update(text).digest("hex");
  const sealed = text.startsWith("{") ? `${text.slice(0, -1)},"sha256":"${sha256}"}` : text;
  return `${sealed}\n`;
}

/** What a checkpoint says of one of its files. */
type NamedFile = (content: {
  readonly arrays: Hashed;
  readonly current: { readonly arrays: Hashed; readonly transitions: Hashed };
}) => Hashed;

interface Hashed {
  sha256: string;
}

/** Arrays that a checkpoint names with their right hash: other names, shapes and numbers, or other bytes. */
function changedArrays(named: NamedFile) {
  return (
    original: Buffer,
    {
      json: changes,
      bytes,
    }: { json: Parameters<typeof changedJson>[1]; bytes: Parameters<typeof changedBytes>[1] },
    path: string,
  ): Uint8Array =>
    sealed(
      path,
      changes.length % 2 === 0 ? changedBytes(original, bytes) : changedHeader(original, changes),
      named,
    );
}

/** Transitions with their right hash, mostly: that of as many bytes as there were. */
function changedTransitions(
  original: Buffer,
  changes: Parameters<typeof changedBytes>[1],
  path: string,
): Uint8Array {
  const bytes = changedBytes(original, changes);
  sealed(path, bytes.subarray(0, original.length), ({ current }) => current.transitions);
  return bytes;
}

/** Notes the hash of a file in the checkpoint beside it. @returns the file */
function sealed(path: string, bytes: Uint8Array, named: NamedFile): Uint8Array {
  const document = join(path, "../checkpoint.json");
  const { sha256: _, ...content } = JSON.parse(readFileSync(document, "utf8"));
  named(content).sha256 = createHash("sha256").update(bytes).digest("hex");
  const sha256 = createHash("sha256").update(JSON.stringify(content)).digest("hex");
  writeFileSync(document, JSON.stringify({ ...content, sha256 }));
  return bytes;
}

/** Safetensors with another header of the right length. */
function changedHeader(original: Buffer, changes: Parameters<typeof changedJson>[1]): Uint8Array {
  const { tensors } = decodeSafetensors(original, "arrays");
  const whole = Buffer.from(encodeSafetensors(tensors));
  const length = Number(whole.readBigUInt64LE());
  const header = Buffer.from(changedJson(JSON.parse(whole.toString("utf8", 8, 8 + length)), changes));
  const head = Buffer.alloc(8);
  head.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([head, header, whole.subarray(8 + length)]);
}

const arraysChanges = fc.record({ json: jsonChanges, bytes: bytesChanges });

/** All kinds of files that people send one another, and the command line. */
export const kinds: readonly FuzzKind[] = [
  fileKind("settings", "begun/settings.json", jsonChanges, json, resume),
  fileKind("checkpoint", "begun/checkpoint.json", jsonChanges, changedCheckpoint, resume),
  fileKind(
    "arrays",
    `begun/${BEGUN_FILES.learned}`,
    arraysChanges,
    changedArrays((content) => content.arrays),
    resume,
  ),
  fileKind(
    "arrays of the task being learned",
    `begun/${BEGUN_FILES.task}`,
    arraysChanges,
    changedArrays(({ current }) => current.arrays),
    resume,
  ),
  fileKind("transitions", `begun/${BEGUN_FILES.transitions}`, bytesChanges, changedTransitions, resume),
  fileKind("metrics", "begun/metrics.jsonl", linesChanges, lines, resume),
  fileKind("metrics of a finished run", "run/metrics.jsonl", linesChanges, lines, show),
  fileKind("timing", "run/timing.jsonl", linesChanges, lines, show),
  fileKind("evaluation", "run/evaluation.json", jsonChanges, json, show),
  fileKind("versions", "run/versions.json", jsonChanges, json, show),
  fileKind("hashes", "run/hashes.json", jsonChanges, json, show),
  fileKind("recording, bytes", RECORDING, bytesChanges, changedBytes, play),
  fileKind(
    "recording, content",
    RECORDING,
    contentChanges,
    (original, changes, path) => changedContent(path, original, changes),
    play,
  ),
  fileKind("sweep.json", "sweep/sweep.json", jsonChanges, json, continueSweep),
  fileKind("oracle", "sweep/oracle.json", jsonChanges, json, continueSweep),
  fileKind("sweep file", "compare.json", jsonChanges, json, plan),
  kind({
    name: "lock",
    changes: ["begun"],
    cases: fc.record({
      host: fc.oneof(
        fc.constantFrom("", ".", "localhost", "a.b.c", "\u001b[2J", "..", "é"),
        fc.string({ maxLength: 60 }),
      ),
      pid: fc.oneof(
        fc.constantFrom("0", "1", "-1", "99999999999999999999", "1e3", "٣"),
        fc.nat().map(String),
      ),
      start: fc.oneof(fc.constantFrom("0", "", "1.5", "9".repeat(60)), fc.nat().map(String)),
      content: fc.string(),
      standin: fc.constantFrom<Standin | "none">(
        "none",
        "none",
        "none",
        "none",
        "folder",
        "pipe",
        "link outside",
      ),
    }),
    async run(folder, { host, pid, start, content, standin }) {
      const name = `in-use.${host}.${pid}.${start}.lock`.replaceAll(/[/\0]/g, "_");
      const path = join(folder, "begun", name.slice(0, 200));
      writeFileSync(path, content);
      if (standin !== "none") putStandin(folder, path, standin);
      await resumeRun(folder);
    },
  }),
  kind(commandKind),
  kind(usedSettingsKind),
];
