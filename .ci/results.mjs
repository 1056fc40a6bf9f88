// usage: node .ci/results.mjs REPORT.json ...
// Prints what failed in vitest's JSON reports, each with the first line of its message, then one line with all counts.
import { readFileSync } from "node:fs";
import { basename, relative } from "node:path";
import { stripVTControlCharacters } from "node:util";

/** A report of a test run, or what to say where the run ended before it had written all of one. */
function read(path) {
  try {
    return { report: JSON.parse(readFileSync(path, "utf8")), failures: [] };
  } catch (error) {
    const found = error.code === "ENOENT" ? "missing" : "cut short";
    return { failures: [`FAILED ${basename(path)}\n  ${found}: its test run ended before writing it`] };
  }
}

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

const results = process.argv.slice(2).map(read);
const reports = results.flatMap(({ report }) => report ?? []);
const failures = [
  ...results.flatMap((result) => result.failures),
  ...reports.flatMap((report) => report.testResults.flatMap(failuresOf)),
];
for (const failure of failures) console.log(failure);
const total = (count) => reports.reduce((sum, report) => sum + count(report), 0);
const skipped = total((report) => report.numPendingTests + (report.numTodoTests ?? 0));
const passed = total((report) => report.numPassedTests);
console.log(`${passed} passed, ${failures.length} failed, ${skipped} skipped`);
const whole = reports.every((report) => report.success && report.numPassedTests > 0);
process.exitCode = whole && failures.length === 0 ? 0 : 1;
