/** Colours of the page as they are now, light or dark. */
export interface Theme {
  readonly page: string;
  readonly text: string;
  readonly faint: string;
  readonly edge: string;
  readonly shade: string;
  /** Of line i of the comparison, the same in every plot. */
  readonly line: (i: number) => string;
  /** Of line i: lines beyond the number of colours are dashed. */
  readonly dash: (i: number) => "solid" | "dashed";
}

export function readTheme(): Theme {
  const style = getComputedStyle(document.documentElement);
  const color = (name: string) => style.getPropertyValue(name).trim();
  const first = color("--line-0");
  const line = (i: number) => color(`--line-${i}`);
  const dash = (i: number) => (i > 0 && colorRepeats(i, first, line) ? "dashed" : "solid");
  return {
    page: color("--page"),
    text: color("--text"),
    faint: color("--faint"),
    edge: color("--edge"),
    shade: color("--shade"),
    line,
    dash,
  };
}

/** Colours begin anew after the last. */
function colorRepeats(i: number, first: string, line: (i: number) => string): boolean {
  for (let k = 1; k <= i; k++) if (line(k) === first) return true;
  return false;
}
