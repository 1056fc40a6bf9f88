import { expect, it } from "vitest";
import { StepCodec } from "../../../sim/recording/step-messages.js";

const SPEC = {
  observation: [{ name: "x", unit: "m" }],
  action: [{ name: "force", unit: "N" }],
  controlPeriod: 0.1,
};
const start = (measures: Record<string, number>) => ({
  observation: Float32Array.of(0.5),
  measures,
  stateHash: "0".repeat(64),
});

it("leaves a measure that is not finite out, and gives it back in its place", () => {
  const codec = new StepCodec(SPEC, ["ratio", "errorMm", "angle"]);
  const bytes = codec.encodeStart(start({ ratio: Number.NaN, errorMm: 3, angle: Number.POSITIVE_INFINITY }));
  expect(JSON.parse(Buffer.from(bytes).toString()).measures).toEqual({ errorMm: 3 });
  const { measures } = codec.decodeStart(bytes);
  expect(Object.entries(measures)).toEqual([
    ["ratio", Number.NaN],
    ["errorMm", 3],
    ["angle", Number.NaN],
  ]);
});

it("reads recordings of earlier versions, which have null there and do not list the names", () => {
  const text = `{"observation":{"x":0.5},"measures":{"ratio":null,"errorMm":3},"stateHash":"${"0".repeat(64)}"}`;
  expect(new StepCodec(SPEC, undefined).decodeStart(Buffer.from(text))).toEqual(
    start({ ratio: Number.NaN, errorMm: 3 }),
  );
});

it("refuses a measure of another name or type", () => {
  const codec = new StepCodec(SPEC, ["errorMm"]);
  const message = (measures: string) =>
    Buffer.from(`{"observation":{"x":0.5},"measures":${measures},"stateHash":"${"0".repeat(64)}"}`);
  expect(() => codec.decodeStart(message('{"errorMm":"3"}'))).toThrow(/expected number/);
  expect(codec.decodeStart(message('{"errorMm":2}')).measures).toEqual({ errorMm: 2 });
});

it("says whether an episode ended by itself or because its steps were made", () => {
  const codec = new StepCodec(SPEC, ["errorMm"]);
  const step = {
    action: Float32Array.of(1),
    observation: Float32Array.of(0.5),
    reward: -1,
    returnSoFar: -3,
    terminated: false,
    truncated: true,
    measures: { errorMm: 2 },
    stateHash: undefined,
  };
  const text = Buffer.from(codec.encodeStep(step, 3)).toString();
  expect(JSON.parse(text)).toMatchObject({ terminated: false, truncated: true });
  expect(codec.decodeStep(Buffer.from(text), 3)).toEqual(step);
  const ended = { ...step, terminated: true, truncated: false };
  expect(codec.decodeStep(codec.encodeStep(ended, 3), 3)).toEqual(ended);
});
