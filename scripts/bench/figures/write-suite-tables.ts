import { readFileSync, writeFileSync } from "node:fs";
import { builtinSuites } from "../../../tasks/registry.js";
import { withTables } from "./suite-tables.js";

// Brings the tables of docs/suites up to date; run it from the repository's root.
for (const suite of builtinSuites) {
  const path = `docs/suites/${suite.name}.md`;
  writeFileSync(path, withTables(readFileSync(path, "utf8"), suite));
}
