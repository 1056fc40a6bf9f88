import stringWidth from "string-width";
import { describe, expect, it } from "vitest";
import { errorText, modelErrorTable } from "../../../scripts/compare/model-error-text.js";
import { modelErrorRecord } from "../../agent/run/make-records.js";

describe("an error of a model", () => {
  it("has two digits and its share of the error of predicting no change", () => {
    expect(errorText(0.0031234, 0.025)).toBe("0.0031 (12 %)");
    expect(errorText(1234.5, 100)).toBe("1200 (1235 %)");
    expect(errorText(3e-9, 1)).toBe("3e-9 (0 %)");
    expect(errorText(0.5, 0)).toBe("0.5");
    expect(errorText(Number.NaN, 1)).toBe("–");
  });
});

describe("the table of model errors", () => {
  const modelError = modelErrorRecord();

  it("has a row for each task and unit, and fits a terminal", () => {
    const errors = [...modelError.errors, { ...modelError.errors[0]!, unit: "rad/s" }];
    const text = modelErrorTable(
      [
        { task: "500-500", modelError },
        { task: "not evaluated" },
        { task: "round-mirrored", modelError: { ...modelError, errors } },
      ],
      80,
    )!;
    expect(text).toMatch(/│ 500-500, m +│ 0\.001 \(25 %\) │ 0\.005 \(25 %\) │ +0\.01 \(25 %\) │/);
    expect(text).toContain("round-mirrored, rad/s");
    expect(text).not.toMatch(/not evaluated|Left out|no episode/);
    for (const line of text.split("\n")) expect(stringWidth(line), line).toBeLessThanOrEqual(80);
  });

  it("says what was left out, and why a cell is empty", () => {
    const none = [Number.NaN];
    const lists = { horizons: [1, 20], starts: [64, 0], leftOut: [3, 0] };
    const errors = [{ unit: "m", model: [0.1, ...none], unchanged: [0.2, ...none] }];
    const text = modelErrorTable([{ task: "a", modelError: { ...lists, errors } }], 200)!;
    expect(text).toMatch(/│ a, m +│ 0\.1 \(50 %\) │ +– │/);
    expect(text).toContain("– no episode is that long.");
    expect(text).toMatch(/Left out, because they were not finite: 3 of 64 predictions of a, 1 step ahead\.$/);
  });

  it("is none where nothing was measured", () => {
    expect(modelErrorTable([{ task: "a" }], 80)).toBeUndefined();
  });
});
