import { lineVariables } from "./palette.js";

/**
 * Where a table goes on beyond an edge, the edge has a shadow. The two covers move along with the table and hide the
 * shadow at its ends; touch screens show no scroll bar that would tell.
 */
const SCROLL = `.scroll { overflow-x: auto; margin: 1rem 0; background:
  linear-gradient(to right, var(--page) 50%, transparent) left / 3rem 100% no-repeat local,
  linear-gradient(to left, var(--page) 50%, transparent) right / 3rem 100% no-repeat local,
  linear-gradient(to right, var(--shadow), transparent) left / 1.25rem 100% no-repeat scroll,
  linear-gradient(to left, var(--shadow), transparent) right / 1.25rem 100% no-repeat scroll; }`;

/** Style of the page; `lines` of the comparison have a colour each, `--line-0`, … */
export function pageStyle(lines: number): string {
  return `
:root { color-scheme: light dark; --page: #fff; --text: #1c1f23; --faint: #5d6570; --edge: #d5d9de; --shade: #eef0f3; --shadow: #0006;
  ${lineVariables(lines, "light")} }
@media (prefers-color-scheme: dark) { :root { --page: #14171a; --text: #e6e8ea; --faint: #a0a8b1; --edge: #3a4048;
  --shade: #22272c; --shadow: #fff5; ${lineVariables(lines, "dark")} } }
body { margin: 0 auto; max-width: 76rem; padding: 0 1rem 4rem; background: var(--page); color: var(--text);
  font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; margin: 1.5rem 0 .25rem; } h2 { font-size: 1.25rem; margin: 2.5rem 0 .25rem; }
h3 { font-size: 1rem; margin: 1rem 0 0; } p { margin: .25rem 0 .75rem; max-width: 60rem; }
.faint, figcaption { color: var(--faint); font-size: .875rem; }
a { color: inherit; } code { font-size: .875em; }
#lines { position: sticky; top: 0; z-index: 2; display: flex; gap: .35rem; overflow-x: auto; padding: .5rem 0;
  background: var(--page); border-bottom: 1px solid var(--edge); }
#lines button { flex: none; display: flex; align-items: center; gap: .4rem; padding: .3rem .6rem; font: inherit;
  font-size: .875rem; color: var(--text); background: var(--shade); border: 1px solid var(--edge); border-radius: 1rem;
  cursor: pointer; }
#lines button[aria-pressed=false] { opacity: .45; text-decoration: line-through; }
.swatch { flex: none; width: 1.25rem; height: 0; border-top: .25rem solid var(--colour); }
.swatch.dashed { border-top-style: dashed; }
figure { margin: .5rem 0 1rem; } figure > div { width: 100%; }
.grid { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fill, minmax(min(100%, 21rem), 1fr)); }
.grid figure { margin: 0; min-width: 0; }
.curve { height: 24rem; } .matrix { aspect-ratio: 1; } .error { height: 14rem; }
.scale { display: flex; align-items: center; gap: .5rem; font-size: .875rem; color: var(--faint); }
.scale i { flex: 0 1 16rem; height: .8rem; }
${SCROLL} table { border-collapse: collapse; font-size: .875rem; overflow-wrap: normal; }
th, td { padding: .25rem .75rem .25rem 0; border-bottom: 1px solid var(--edge); text-align: left; vertical-align: top; }
th { color: var(--faint); font-weight: 600; vertical-align: bottom; } td { font-variant-numeric: tabular-nums; }
td:first-child, .whole { white-space: nowrap; } .path { display: inline-block; min-width: 9rem; overflow-wrap: anywhere; }
li { margin: .15rem 0; } details { border-bottom: 1px solid var(--edge); padding: .35rem 0; } summary { cursor: pointer; }
.unfinished { color: var(--text); background: var(--shade); border-left: .25rem solid #d55e00; padding: .35rem .75rem; }
@media (min-width: 48rem) { #lines { flex-wrap: wrap; } }
@media print { #lines { position: static; } }
`;
}
