/** Colours of what is drawn on canvases; the rest of the page has them in its style sheet. */
export interface Theme {
  readonly background: string;
  /** Behind plots. */
  readonly panel: string;
  readonly grid: string;
  /** Darkness of shadows on the ground, 0 … 1. */
  readonly shadow: number;
  readonly trace: string;
  /** Of planned trajectories. */
  readonly plan: { readonly chosen: string; readonly others: string };
  readonly axis: string;
  readonly ruling: string;
  /** Of random, learning and evaluation episodes. */
  readonly kinds: readonly [string, string, string];
}

const LIGHT: Theme = {
  background: "#eef1f4",
  panel: "#ffffff",
  grid: "#cdd5dd",
  shadow: 0.22,
  trace: "#d1345b",
  plan: { chosen: "#1864ab", others: "#1c7ed6" },
  axis: "#5b6672",
  ruling: "#e3e8ed",
  kinds: ["#8b8f96", "#3b82c4", "#d95f02"],
};

const DARK: Theme = {
  background: "#171b21",
  panel: "#1b2027",
  grid: "#2e3640",
  shadow: 0.5,
  trace: "#ff6b8b",
  plan: { chosen: "#4dabf7", others: "#74c0fc" },
  axis: "#9aa7b4",
  ruling: "#2a313a",
  kinds: ["#8b949e", "#5fa3e6", "#ff9d4d"],
};

const dark = matchMedia("(prefers-color-scheme: dark)");

export const currentTheme = (): Theme => (dark.matches ? DARK : LIGHT);

export function onThemeChange(listener: () => void): void {
  dark.addEventListener("change", listener);
}
