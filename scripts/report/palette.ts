/**
 * Colours of lines that people with every kind of colour vision tell apart (Okabe and Ito 2008, yellow and black
 * replaced), for a light and a dark page. More lines than colours repeat them with another dash.
 */
const LIGHT = ["#0072b2", "#d55e00", "#009e73", "#c2589a", "#b8860b", "#56b4e9", "#5c5c5c", "#7a3b00"];
const DARK = ["#4ba3e3", "#ff8a3d", "#1fc796", "#e8a2cb", "#f2c53d", "#a5d8f7", "#c4c4c4", "#c98a55"];

export const COLOURS = LIGHT.length;

/** The variables `--line-0`, … of a page for `n` lines. */
export function lineVariables(n: number, scheme: "light" | "dark"): string {
  const colours = scheme === "light" ? LIGHT : DARK;
  return Array.from({ length: n }, (_, i) => `--line-${i}: ${colours[i % COLOURS]};`).join(" ");
}
