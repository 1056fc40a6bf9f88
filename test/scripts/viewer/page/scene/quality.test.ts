import { describe, expect, it } from "vitest";
import { LEVELS, QualityGovernor } from "../../../../../scripts/viewer/page/scene/quality.js";

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
    for (let i = 7; i < 500; i++) governor.frame(i * 60);
    expect(governor.moving).toBe(LEVELS.at(-1));
  });

  it("goes down at once after a very slow frame, and up again after a rest", () => {
    const governor = new QualityGovernor();
    run(governor, 3, 500);
    expect(governor.moving).toBe(LEVELS[2]);
    governor.rest();
    expect(governor.moving).toBe(LEVELS[1]);
    for (let i = 0; i < 9; i++) governor.rest();
    expect(governor.moving).toBe(LEVELS[0]);
  });

  it("takes no pause for slowness", () => {
    const governor = new QualityGovernor();
    for (let i = 0; i < 100; i++) {
      governor.frame(i * 500);
      governor.idle();
    }
    expect(governor.moving).toBe(LEVELS[0]);
  });
});
