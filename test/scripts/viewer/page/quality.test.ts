import { describe, expect, it } from "vitest";
import { LEVELS, QualityGovernor } from "../../../../scripts/viewer/page/quality.js";

describe("QualityGovernor", () => {
  const run = (governor: QualityGovernor, frames: number, ms: number) => {
    for (let i = 0; i < frames; i++) governor.frame(i * ms);
  };

  it("keeps the best where frames follow fast", () => {
    const governor = new QualityGovernor();
    run(governor, 500, 16);
    expect(governor.moving).toBe(LEVELS[0]);
  });

  it("goes down step by step while they are slow, to the cheapest", () => {
    const governor = new QualityGovernor();
    run(governor, 7, 60);
    expect(governor.moving).toBe(LEVELS[1]);
    run(governor, 500, 60);
    expect(governor.moving).toBe(LEVELS.at(-1));
  });

  it("takes no pause for slowness", () => {
    const governor = new QualityGovernor();
    run(governor, 100, 500);
    for (let i = 0; i < 100; i++) {
      governor.frame(i * 100);
      governor.rest();
    }
    expect(governor.moving).toBe(LEVELS[0]);
  });
});
