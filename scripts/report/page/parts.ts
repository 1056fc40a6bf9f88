import { largest, smallest } from "../../../sim/core/extremes.js";
import type { Value } from "../../compare/value.js";
import type { Theme } from "./theme.js";

/** What all plots share. */
export function common(theme: Theme, description: string) {
  return {
    animation: false,
    textStyle: { fontFamily: "system-ui, sans-serif", color: theme.text },
    aria: { enabled: true, label: { description } },
    tooltip: {
      confine: true,
      backgroundColor: theme.page,
      borderColor: theme.edge,
      textStyle: { color: theme.text, fontSize: 13 },
    },
  };
}

export function axis(theme: Theme, name: string, label: object = {}) {
  return {
    name,
    nameLocation: "middle",
    nameTextStyle: { color: theme.faint },
    axisLine: { lineStyle: { color: theme.edge } },
    axisLabel: { color: theme.faint, hideOverlap: true, ...label },
    splitLine: { lineStyle: { color: theme.shade } },
  } as const;
}

/** A ratio of values from which a logarithmic axis shows more. */
const LOG_FROM = 20;

/** The kind of axis on which values show best. */
export function scaleFor(values: readonly number[]): "log" | "value" {
  const lowest = smallest(values);
  return lowest > 0 && largest(values) / lowest > LOG_FROM ? "log" : "value";
}

/** Rows of a tooltip; set as text, so that no name is read as HTML. */
export function tooltipRows(title: string, rows: readonly { text: string; color?: string }[]): HTMLElement {
  const box = document.createElement("div");
  const head = box.appendChild(document.createElement("b"));
  head.textContent = title;
  for (const { text, color } of rows) {
    const row = box.appendChild(document.createElement("div"));
    if (color !== undefined) {
      const dot = row.appendChild(document.createElement("span"));
      dot.textContent = "● ";
      dot.style.color = color;
    }
    row.append(text);
  }
  return box;
}

/** A number with about four significant digits. */
export function short(value: Value): string {
  if (value === null) return "–";
  const size = Math.abs(value);
  if (size !== 0 && (size < 0.001 || size >= 1e6)) return value.toExponential(2);
  return value.toFixed(size >= 1000 ? 0 : size >= 100 ? 1 : size >= 1 ? 2 : 4);
}
