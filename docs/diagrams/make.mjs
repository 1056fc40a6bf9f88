// @ts-check
// Draws every .dot file of this folder as the .svg beside it. `--check` draws nothing and fails where one is out of date.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { instance } from "@viz-js/viz";

const folder = fileURLToPath(new URL(".", import.meta.url));

// Filled boxes with dark text and lines of middle grey can be read on a light page and on a dark one.
const STYLE = {
  graphAttributes: { bgcolor: "transparent", fontname: "Helvetica", fontcolor: "#738091", color: "#738091" },
  nodeAttributes: {
    shape: "box",
    style: "rounded,filled",
    fontname: "Helvetica",
    fontsize: 13,
    fontcolor: "#14202e",
    fillcolor: "#dfe8f3",
    color: "#6c839e",
    margin: "0.16,0.09",
  },
  edgeAttributes: {
    fontname: "Helvetica",
    fontsize: 12,
    color: "#7d8a99",
    fontcolor: "#738091",
    penwidth: 1.4,
  },
};

const viz = await instance();

/** @param {string} source a graph in the DOT language */
function draw(source) {
  const svg = viz.renderString(source, { format: "svg", ...STYLE });
  // What stands before the first tag names the version of the program that drew it.
  const tag = svg.indexOf("<svg");
  return `<svg role="img" aria-label="${describe(source)}"${svg.slice(tag + "<svg".length)}`;
}

/** The comment that a graph begins with. @param {string} source */
const describe = (source) => source.split("\n", 1)[0].replace(/^\/\/ /, "");

const check = process.argv.includes("--check");
for (const file of readdirSync(folder).filter((name) => name.endsWith(".dot"))) {
  const target = `${folder}${file.replace(/\.dot$/, ".svg")}`;
  const svg = draw(readFileSync(folder + file, "utf8"));
  if (!check) writeFileSync(target, svg);
  else if (readFileSync(target, "utf8") !== svg) {
    console.error(`docs/diagrams/${file} was changed but not its picture: run npm run diagrams`);
    process.exitCode = 1;
  }
}
