import { rmSync, writeFileSync } from "node:fs";

import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { afterAll, afterEach, expect, it, vi } from "vitest";
import { peakBytes } from "../../../scripts/runs/resident-memory.js";
import { readUsage, UsageLog } from "../../../scripts/runs/usage.js";
import { MIB } from "../../../sim/core/bytes.js";
import { temporaryFolder } from "../../files.js";

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => {
  vi.restoreAllMocks();
});

/** A process that has used six seconds of processor time before; the test moves its clocks. */
function fakeProcess() {
  const now = { wallMs: 1000, user: 5_000_000, system: 1_000_000 };
  vi.spyOn(performance, "now").mockImplementation(() => now.wallMs);
  vi.spyOn(Date, "now").mockReturnValue(1_700_000_000_000);
  vi.spyOn(process, "cpuUsage").mockImplementation((before = { user: 0, system: 0 }) => ({
    user: now.user - before.user,
    system: now.system - before.system,
  }));
  return now;
}

it("counts wall and processor time from when the run was taken up, not from the start of the process", () => {
  const now = fakeProcess();
  const emit = vi.fn();
  const log = new UsageLog(emit);
  now.wallMs += 3200;
  now.user += 2_250_000;
  now.system += 500_000;
  const least = Math.round(peakBytes() / MIB);
  log.write();
  const peakMiB = expect.any(Number);
  expect(emit).toHaveBeenCalledExactlyOnceWith({
    ...{ type: "usage", session: 1_700_000_000_000, wallMs: 3200, cpuMs: 2750, peakMiB },
  });
  const noted: number = emit.mock.calls[0]?.[0].peakMiB;
  expect(noted).toBeGreaterThanOrEqual(least);
  expect(noted).toBeLessThanOrEqual(Math.round(peakBytes() / MIB));
});

it("is noted every five seconds, however often one asks", () => {
  const now = fakeProcess();
  const emit = vi.fn();
  const log = new UsageLog(emit);
  const counts = [4000, 999, 1, 10, 4989, 1].map((ms) => {
    now.wallMs += ms;
    log.note();
    return emit.mock.calls.length;
  });
  expect(counts).toEqual([0, 0, 1, 1, 1, 2]);
});

it("of a run is the sum of its processes' last notes, and the largest memory", () => {
  const timing = (...records: object[]) =>
    writeFileSync(
      join(folder, "timing.jsonl"),
      records.map((record) => `${JSON.stringify({ type: "usage", ...record })}\n`).join(""),
    );
  expect(readUsage(folder)).toBeUndefined();
  const first = { session: 1, wallMs: 100, cpuMs: 150, peakMiB: 90 };
  const later = { session: 1, wallMs: 300, cpuMs: 500, peakMiB: 80 };
  const second = { session: 2, wallMs: 40, cpuMs: 60, peakMiB: 70 };
  timing(first, later, second);
  expect(readUsage(folder)).toEqual({ wallMs: 340, cpuMs: 560, peakMiB: 90 });
  // Versions before did not note processor time.
  const { cpuMs: _, ...old } = second;
  timing(first, later, old);
  expect(readUsage(folder)).toEqual({ wallMs: 340, cpuMs: undefined, peakMiB: 90 });
});
