import { describe, expect, it } from "vitest";
import { ChannelSpan } from "../../sim/channel-span.js";
import { UsageError } from "../../sim/core/errors.js";
import { eagerOps } from "../../sim/core/ops.js";

const CHANNELS = ["x", "y", "angle", "speed"].map((name) => ({ name, unit: "1" }));

describe("channels by name", () => {
  it("are cut out of a reward's vectors and read from an observation", () => {
    const place = new ChannelSpan(CHANNELS, "x", "y");
    expect(place.slice(eagerOps, Float64Array.of(1, 2, 3, 4))).toEqual(Float64Array.of(1, 2));
    expect(place.read(Float32Array.of(1, 2, 3, 4))).toEqual([1, 2]);
    const angle = new ChannelSpan(CHANNELS, "angle");
    expect([angle.start, angle.end, angle.value([1, 2, 3, 4])]).toEqual([2, 3, 3]);
  });

  it("are not read from a vector that is too short", () => {
    expect(() => new ChannelSpan(CHANNELS, "speed").value([1, 2, 3])).toThrow(RangeError);
  });

  it("must exist, and be given in their order", () => {
    expect(() => new ChannelSpan(CHANNELS, "z")).toThrow(UsageError);
    expect(() => new ChannelSpan(CHANNELS, "x", "z")).toThrow(/got "z"; expected x, y, angle, speed/);
    expect(() => new ChannelSpan(CHANNELS, "y", "x")).toThrow(/got y … x; expected x … y/);
  });
});
