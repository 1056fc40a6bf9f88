import { expect, it } from "vitest";
import { z } from "zod";
import { extendCatalog } from "../../agent/catalog.js";
import { plannerFields } from "../../planners/fields.js";
import { createRandom } from "../../planners/random.js";
import { definePlanner } from "../../planners/types.js";
import { builtinCatalog } from "../../scripts/parts/catalog.js";
import { usage } from "./settings/usage.js";

const count = () => z.int().min(1).default(3).describe("Looks ahead.");
const planner = (name: string, looks: ReturnType<typeof count>) =>
  definePlanner({
    name,
    summary: "random shooting",
    settings: { samples: plannerFields.samples, warmStart: plannerFields.warmStart, looks },
    create: (problem, values, rng) => createRandom(problem, values, rng),
  });

it("takes planners that share a field, and refuses two fields of one name, also within one call", () => {
  const shared = count();
  const one = planner("one", shared);
  const extended = extendCatalog(builtinCatalog, { planners: [one, planner("two", shared)] });
  expect(extended.planners.map(({ name }) => name)).toEqual(expect.arrayContaining(["icem", "one", "two"]));
  const clash = usage(() => extendCatalog(builtinCatalog, { planners: [one, planner("two", count())] }));
  expect(clash.details).toMatchObject({ got: "planner.looks of planner two" });
  expect(clash.message).toContain("Setting looks of planner one has a name that is taken");
});
