import { describe, expect, it } from "vitest";
import { type MetricsRecord, metricsSchema } from "../../../agent/run/records.js";
import { isForMetrics, isForTiming, type RunEvent } from "../../../agent/run/run-events.js";
import { type TimingRecord, timingSchema } from "../../../agent/run/timing-records.js";
import {
  baselineRecord,
  episodeRecord,
  evaluationRecord,
  keptRecord,
  modelErrorRecord,
  planningTime,
  trainingRecord,
  trainingTime,
  usageRecord,
} from "./make-records.js";

const METRICS: readonly MetricsRecord[] = [
  baselineRecord({ measures: { errorMm: 2 } }),
  episodeRecord({ phase: "random" }),
  {
    ...{ type: "episode", phase: "random", task: "a", taskIndex: 0, episode: 1, steps: 240 },
    ...{ randomSteps: 30, cut: true, return: 1, success: false, measures: {} },
    recording: "episodes/01-random-0002.mcap",
  },
  {
    ...{ type: "detection", task: "a", taskIndex: 0, visit: 2, steps: 40, runSteps: 700 },
    ...{ kind: "return", found: 0, before: 1, held: 12, delay: 40 },
  },
  trainingRecord(),
  keptRecord(),
  evaluationRecord(),
  {
    ...{ type: "evaluation", afterTask: 0, task: "a", taskIndex: 0, episode: 0, return: 1, success: false },
    ...{ measures: {}, outcomes: { heldOpen: true, passed: false } },
    recording: "episodes/01-evaluate-01-01.mcap",
  },
  modelErrorRecord(),
];
const { cpuMs, ...early } = usageRecord();
const TIMING: readonly TimingRecord[] = [trainingTime(), planningTime(), usageRecord(), early];

describe("records", () => {
  it("samples above cover every type", () => {
    const types = (records: readonly { type: string }[]) => new Set(records.map(({ type }) => type));
    const ofSchema = (options: readonly { shape: { type: { value: string } } }[]) =>
      new Set(options.map(({ shape }) => shape.type.value));
    expect(types(METRICS)).toEqual(ofSchema(metricsSchema.options));
    expect(types(TIMING)).toEqual(ofSchema(timingSchema.options));
  });

  it.each(METRICS.map((record) => [record.type, record] as const))(
    "%s comes back as written",
    (_, record) => {
      const line = JSON.stringify(metricsSchema.encode(record));
      expect(line).toBe(JSON.stringify(record));
      expect(metricsSchema.decode(JSON.parse(line))).toEqual(record);
    },
  );

  it.each(TIMING.map((record) => [record.type, record] as const))("%s comes back as written", (_, record) => {
    const line = JSON.stringify(timingSchema.encode(record));
    expect(line).toBe(JSON.stringify(record));
    expect(timingSchema.decode(JSON.parse(line))).toEqual(record);
  });

  it("what is not finite is null on disk and NaN in memory, and there is no -0", () => {
    const measures = { a: Number.NaN, b: Number.NEGATIVE_INFINITY, c: -0, d: 1 };
    const record = evaluationRecord({ return: Number.POSITIVE_INFINITY, measures });
    const line = metricsSchema.encode(record);
    expect(line).toMatchObject({ return: null, measures: { a: null, b: null, c: 0, d: 1 } });
    expect(metricsSchema.decode(line)).toEqual({
      ...record,
      return: Number.NaN,
      measures: { a: Number.NaN, b: Number.NaN, c: 0, d: 1 },
    });
  });

  it("an error that was not measured is null on disk, too", () => {
    const errors = [{ unit: "m", model: [Number.NaN], unchanged: [Number.NaN] }];
    const record = modelErrorRecord({ horizons: [20], starts: [0], leftOut: [0], errors });
    expect(metricsSchema.encode(record)).toMatchObject({
      errors: [{ unit: "m", model: [null], unchanged: [null] }],
    });
    expect(metricsSchema.decode(metricsSchema.encode(record))).toEqual(record);
  });

  it("a line's keys stand in the order of the schema, and fields of other logs are left out", () => {
    const session: RunEvent = {
      waitedMs: 1,
      ms: 2,
      regularizer: 3,
      taskLoss: 4,
      steps: 5,
      taskIndex: 6,
      type: "training",
    };
    expect(JSON.stringify(metricsSchema.encode(session))).toBe(
      '{"type":"training","taskIndex":6,"steps":5,"taskLoss":4,"regularizer":3}',
    );
    expect(JSON.stringify(timingSchema.encode(session))).toBe(
      '{"type":"training","taskIndex":6,"steps":5,"ms":2,"waitedMs":1}',
    );
  });

  it("of the events metrics.jsonl takes what repeats, timing.jsonl what does not, and steps and single plans neither", () => {
    const step: RunEvent = { type: "step", task: "a", taskIndex: 0, visit: 0, steps: 1, total: 2 };
    const planned: RunEvent = { type: "planned", ms: 3 };
    const events: RunEvent[] = [
      step,
      planned,
      { ...trainingRecord(), ...trainingTime() },
      usageRecord(),
      keptRecord(),
    ];
    expect(events.map((event) => [isForMetrics(event), isForTiming(event)])).toEqual([
      [false, false],
      [false, false],
      [true, true],
      [false, true],
      [true, false],
    ]);
  });
});
