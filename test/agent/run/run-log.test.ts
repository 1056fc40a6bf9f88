import { readFileSync, rmSync, writeFileSync } from "node:fs";

import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { RunLog } from "../../../agent/run/run-log.js";
import { InputError } from "../../../sim/core/errors.js";
import { temporaryFolder } from "../../files.js";
import { tinySettings } from "../fixtures.js";
import {
  episodeRecord,
  evaluationRecord,
  trainingRecord,
  trainingTime,
  usageRecord,
} from "./make-records.js";
import { curves, readEvents } from "./tensorboard/read-events.js";

const HEAD = '{"type":"log","version":1}\n';
const settings = tinySettings();

let folder: string;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => rmSync(folder, { recursive: true }));

const metrics = () => readFileSync(join(folder, "metrics.jsonl"), "utf8");
const timing = () => readFileSync(join(folder, "timing.jsonl"), "utf8");
const lines = (...records: readonly object[]) => records.map((r) => `${JSON.stringify(r)}\n`).join("");

describe("RunLog", () => {
  it("begins each log with its version, and writes an event where it belongs, once", () => {
    const log = new RunLog(folder, settings);
    log.open();
    const told: unknown[] = [];
    log.listen((event) => told.push(event));
    const session = { ...trainingRecord(), ...trainingTime() };
    const step = { type: "step", task: "a", taskIndex: 0, visit: 0, steps: 1, total: 2 } as const;
    for (const event of [step, session, usageRecord()]) log.emit(event);
    log.close();
    expect(told).toEqual([step, session, usageRecord()]);
    expect(metrics()).toBe(HEAD + lines(trainingRecord()));
    expect(timing()).toBe(HEAD + lines(trainingTime(), usageRecord()));
    expect(log.written.metricsBytes).toBe(metrics().length);
    const board = curves(readEvents(join(folder, "tensorboard", "events.out.tfevents.0.hypercrl")));
    expect(board["model/task_loss"]).toEqual([[100, 0.5]]);
  });

  it("tells those who listen after the line is written", () => {
    const log = new RunLog(folder, settings);
    log.open();
    let written = "";
    log.listen(() => {
      written = metrics();
    });
    log.emit(episodeRecord());
    log.close();
    expect(written).toBe(HEAD + lines(episodeRecord()));
  });

  it("continues where it is told, and a log without a version as one without", () => {
    const old = lines(episodeRecord());
    writeFileSync(join(folder, "metrics.jsonl"), old + lines(evaluationRecord()));
    writeFileSync(join(folder, "timing.jsonl"), lines(usageRecord()));
    const log = new RunLog(folder, settings);
    log.open({ metrics: { bytes: old.length }, timing: { bytes: lines(usageRecord()).length } });
    log.emit(evaluationRecord({ return: 2 }));
    log.close();
    expect(metrics()).toBe(old + lines(evaluationRecord({ return: 2 })));
    expect(timing()).toBe(lines(usageRecord()));
  });

  it("cut to nothing, is begun anew", () => {
    writeFileSync(join(folder, "metrics.jsonl"), lines(episodeRecord()));
    const log = new RunLog(folder, settings);
    log.open({ metrics: { bytes: 0 }, timing: { bytes: 0 } });
    log.close();
    expect([metrics(), timing()]).toEqual([HEAD, HEAD]);
  });

  it("leaves a log of a newer version as it is", () => {
    const newer = lines({ type: "log", version: 2 }, { type: "new" });
    writeFileSync(join(folder, "metrics.jsonl"), newer);
    const open = () => new RunLog(folder, settings).open({ metrics: { bytes: 0 }, timing: { bytes: 0 } });
    expect(open).toThrow(InputError);
    expect(open).toThrow(/metrics\.jsonl was written by a newer version of hypercrl/);
    expect(metrics()).toBe(newer);
  });
});
