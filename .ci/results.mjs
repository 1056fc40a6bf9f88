// usage: node .ci/results.mjs REPORT.json ...
// Prints every failed test of vitest's JSON reports with the first line of its message, then one line with all counts.
import { readFileSync } from "node:fs";
import { relative } from "node:path";
import { stripVTControlCharacters } from "node:util";

const reports = process.argv.slice(2).map((path) => JSON.parse(readFileSync(path, "utf8")));
const total = (count) => reports.reduce((sum, report) => sum + count(report), 0);

/** The first line of a message, without the colours of a terminal. */
const firstLine = (message) =>
  stripVTControlCharacters(message ?? "")
    .trim()
    .split("\n", 1)[0];

/** What failed in a file: its tests, or the file itself where it failed outside of them, such as on an import. */
function failuresOf({ name, status, message, assertionResults }) {
  const file = relative(process.cwd(), name);
  const tests = assertionResults.filter((test) => test.status === "failed");
  if (tests.length === 0 && status === "failed") return [`FAILED ${file}\n  ${firstLine(message)}`];
  return tests.map(({ ancestorTitles, title, failureMessages }) => {
    const fullName = [file, ...ancestorTitles, title].join(" > ");
    return `FAILED ${fullName}\n  ${firstLine(failureMessages[0])}`;
  });
}

for (const failure of reports.flatMap((report) => report.testResults.flatMap(failuresOf)))
  console.log(failure);
const skipped = total((report) => report.numPendingTests + (report.numTodoTests ?? 0));
const passed = total((report) => report.numPassedTests);
console.log(`${passed} passed, ${total((report) => report.numFailedTests)} failed, ${skipped} skipped`);
process.exitCode = reports.every((report) => report.success && report.numPassedTests > 0) ? 0 : 1;
