import { expect, it } from "vitest";
import type { UsageRecord } from "../../../agent/run/records.js";
import { UsageLog } from "../../../scripts/runs/usage.js";

it("counts processor time from when the run was taken up, not from the start of the process", () => {
  const ms = ({ user, system }: NodeJS.CpuUsage) => (user + system) / 1000;
  // A process that has worked on something else before.
  while (ms(process.cpuUsage()) < 100);
  const before = process.cpuUsage();
  const records: UsageRecord[] = [];
  const log = new UsageLog((record) => records.push(record));
  log.write();
  expect(records).toHaveLength(1);
  expect(records[0].cpuMs).toBeLessThanOrEqual(Math.ceil(ms(process.cpuUsage(before))));
  expect(records[0].peakMiB).toBeGreaterThan(10);
});
