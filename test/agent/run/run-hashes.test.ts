import { appendFileSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkHashes, hasHashes, writeHashes } from "../../../agent/run/run-hashes.js";
import { InputError } from "../../../sim/core/errors.js";
import { temporaryFolder } from "../../files.js";

const folder = temporaryFolder();
const run = join(folder, "run");
const copy = join(folder, "copy");
const NOTHING = { changed: [], missing: [], added: [] };

/** What is found of a copy of the run after a change. */
function found(change: () => void) {
  rmSync(copy, { recursive: true, force: true });
  cpSync(run, copy, { recursive: true });
  change();
  const { unchanged: _, ...different } = checkHashes(copy)!;
  return different;
}

beforeAll(() => {
  for (const inside of ["episodes", "checkpoints", "tensorboard/timing"]) {
    mkdirSync(join(run, inside), { recursive: true });
  }
  writeFileSync(join(run, "settings.json"), "{}\n");
  writeFileSync(join(run, "evaluation.json"), JSON.stringify({ returns: [[[12.5]]] }));
  writeFileSync(join(run, "checkpoint-b.safetensors"), "arrays");
  writeFileSync(join(run, "metrics.jsonl"), "{}\n");
  writeFileSync(join(run, "timing.jsonl"), "{}\n");
  writeFileSync(join(run, "episodes/01-train-0001.mcap"), Buffer.alloc(3 * 2 ** 20 + 1, 7));
  writeFileSync(join(run, "tensorboard/events"), "curves");
  writeFileSync(join(run, "tensorboard/timing/events"), "times");
  writeHashes(run);
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("the hashes of a finished run", () => {
  it("cover what it wrote, times apart", () => {
    const listed = (file: string) => Object.keys(JSON.parse(readFileSync(join(run, file), "utf8")).files);
    expect(listed("hashes.json")).toEqual([
      ...["checkpoint-b.safetensors", "episodes/01-train-0001.mcap", "evaluation.json"],
      ...["metrics.jsonl", "settings.json", "tensorboard/events"],
    ]);
    expect(listed("hashes-timing.json")).toEqual(["tensorboard/timing/events", "timing.jsonl"]);
    expect(checkHashes(run)).toEqual({ unchanged: 8, ...NOTHING });
  });

  it.each([
    [
      "figure",
      "evaluation.json",
      () => writeFileSync(join(copy, "evaluation.json"), '{"returns":[[[12.6]]]}'),
    ],
    [
      "last byte of a long file",
      "episodes/01-train-0001.mcap",
      () => flipLast("episodes/01-train-0001.mcap"),
    ],
    ["line of times", "timing.jsonl", () => appendFileSync(join(copy, "timing.jsonl"), "\n")],
  ])("tell a changed %s", (_, file, change) => {
    expect(found(change)).toEqual({ ...NOTHING, changed: [file] });
  });

  it("tell a lost recording and one from elsewhere", () => {
    const [lost, strange] = ["episodes/01-train-0001.mcap", "episodes/x.mcap"];
    expect(found(() => rmSync(join(copy, lost)))).toEqual({ ...NOTHING, missing: [lost] });
    expect(found(() => writeFileSync(join(copy, strange), ""))).toEqual({ ...NOTHING, added: [strange] });
  });

  it("leave what people put beside the run's own files alone", () => {
    const beside = () => {
      writeFileSync(join(copy, "notes.txt"), "mine");
      writeFileSync(join(copy, "report.html"), "");
      writeFileSync(join(copy, "model.safetensors"), "exported");
      mkdirSync(join(copy, "episodes/best"));
    };
    expect(found(beside)).toEqual(NOTHING);
  });

  it("name no file outside of the run", () => {
    mkdirSync(join(folder, "evil"));
    const hashes = { version: 1, files: { "../run/settings.json": "0".repeat(64) } };
    writeFileSync(join(folder, "evil/hashes.json"), JSON.stringify(hashes));
    expect(() => checkHashes(join(folder, "evil"))).toThrow(InputError);
    expect(() => checkHashes(join(folder, "evil"))).toThrow(
      /hashes\.json is damaged; got .*run.settings\.json/,
    );
  });

  it("are none where a run is not finished", () => {
    const begun = join(folder, "begun");
    mkdirSync(begun);
    expect([checkHashes(begun), hasHashes(begun)]).toEqual([undefined, false]);
    writeHashes(begun);
    expect([checkHashes(begun), hasHashes(begun)]).toEqual([{ unchanged: 0, ...NOTHING }, true]);
    rmSync(join(begun, "hashes-timing.json"));
    expect(hasHashes(begun)).toBe(false);
  });
});

function flipLast(file: string): void {
  const bytes = readFileSync(join(copy, file));
  bytes[bytes.length - 1]! ^= 1;
  writeFileSync(join(copy, file), bytes);
}
