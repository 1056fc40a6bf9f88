type Child = Node | string;

/** Properties of an element to make; `attrs` are those that only exist as attributes. */
type Properties<E> = Partial<E> & { readonly attrs?: Readonly<Record<string, string>> };

/** Makes an element. Strings become text, never markup. */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Properties<HTMLElementTagNameMap[K]> = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  const { attrs = {}, ...rest } = properties;
  Object.assign(element, rest);
  for (const [name, value] of Object.entries<string>(attrs)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** Text for those who hear the page instead of seeing it. */
export function unseen(text: string): HTMLElement {
  return el("span", { className: "unseen" }, text);
}

/** Changes the text only where it differs: writing to the page costs time. */
export function setText(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** Icons as paths in a square of 24: play, pause, start, back, on, loop. */
const ICONS = {
  play: "M7 4v16l13-8z",
  pause: "M6 4h4v16H6zm8 0h4v16h-4z",
  start: "M5 4h3v16H5zm14 0v16L8 12z",
  back: "M16 5v14l-9-7z",
  on: "M8 5v14l9-7z",
  loop: "M12 5V1L7 6l5 5V7a5 5 0 1 1-5 5H5a7 7 0 1 0 7-7z",
} as const;
export type Icon = keyof typeof ICONS;

export function icon(name: Icon): SVGSVGElement {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  const path = document.createElementNS(space, "path");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}
