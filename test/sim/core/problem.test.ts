import { expect, it } from "vitest";
import { z } from "zod";
import { problemOf } from "../../../sim/core/problem.js";

it("says what an error says, ready to be a part of a sentence", () => {
  expect(problemOf(new Error("No space is left."))).toBe("No space is left");
  expect(problemOf(new SyntaxError("Unexpected end of JSON input"))).toBe("Unexpected end of JSON input");
  expect(problemOf("thrown text")).toBe("thrown text");
});

it("names the first place where a value differs from its schema, on one line", () => {
  const schema = z.strictObject({ planner: z.object({ samples: z.number(), elites: z.number() }) });
  const problem = (value: unknown) => problemOf(schema.safeParse(value).error);
  expect(problem({ planner: { samples: "ten" } })).toBe(
    "planner.samples: Invalid input: expected number, received string",
  );
  expect(problem(1)).toBe("Invalid input: expected object, received number");
});
