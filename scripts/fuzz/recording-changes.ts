import fc from "fast-check";
import { buildMcap, readMcap } from "../../sim/recording/mcap.js";
import { type BytesChange, bytesChanges, changedBytes } from "./bytes-changes.js";
import { changedJson, type JsonChange, jsonChanges, parsedJson } from "./json-changes.js";

/** Changes of what a recording says, in a file whose checksums are right. */
interface ContentChange {
  readonly topic: number;
  readonly message: number;
  readonly json: readonly JsonChange[];
  readonly bytes: readonly BytesChange[];
  readonly on: "message" | "metadata" | "attachment" | "remove" | "repeat";
}

/** One to three changes. */
export const contentChanges: fc.Arbitrary<readonly ContentChange[]> = fc.array(
  fc.record({
    topic: fc.nat(),
    message: fc.nat(),
    json: jsonChanges,
    bytes: bytesChanges,
    on: fc.constantFrom("message", "message", "message", "metadata", "attachment", "remove", "repeat"),
  }),
  { minLength: 1, maxLength: 3 },
);

/** The recording after changes of its content. */
export async function changedContent(
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
