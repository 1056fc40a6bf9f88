/** What a key does, by the name that `KeyboardEvent.key` has for it. */
export interface KeyBinding {
  readonly keys: readonly string[];
  readonly text: string;
  readonly run: () => void;
}

/** What is looked at of a `KeyboardEvent`. */
export interface KeyPress {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
}

/** The binding of a key pressed; none while something is typed or chosen, or for the browser's own shortcuts. */
export function bindingOf(
  bindings: readonly KeyBinding[],
  event: KeyPress,
  target: string,
): KeyBinding | undefined {
  if (event.ctrlKey || event.metaKey || event.altKey) return undefined;
  if (target === "TEXTAREA" || target === "SELECT" || target === "INPUT:text") return undefined;
  // A button in focus is pressed by the space bar already.
  if (event.key === " " && target === "BUTTON") return undefined;
  return bindings.find(({ keys }) => keys.includes(event.key));
}

const NAMES: Readonly<Record<string, string>> = { " ": "Space", ArrowLeft: "←", ArrowRight: "→" };

export function keyName(key: string): string {
  return NAMES[key] ?? key;
}
