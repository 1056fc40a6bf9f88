/** Text that is HTML already. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

type Part = Html | string | number | null | readonly Part[];

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Joins HTML; whatever is put in is shown as it is, not read as HTML, unless it was made by this function. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return new Html(String.raw({ raw: strings }, ...parts.map(textOf)));
}

function textOf(part: Part): string {
  if (part instanceof Html) return part.text;
  if (Array.isArray(part)) return part.map(textOf).join("");
  return String(part ?? "–").replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}

/** A value inside a script element, where only `<` could end it. */
export function jsonScript(id: string, value: unknown): Html {
  const json = JSON.stringify(value).replaceAll("<", "\\u003c");
  return html`<script type="application/json" id="${id}">${new Html(json)}</script>`;
}

/** @param label what the table is, for those who hear the page; it can be moved along with the keyboard */
export function htmlTable(label: string, head: readonly Part[], rows: readonly (readonly Part[])[]): Html {
  const row = (cells: readonly Part[], tag: "th" | "td") => {
    const [open, close] = [new Html(`<${tag}>`), new Html(`</${tag}>`)];
    return html`<tr>${cells.map((cell) => html`${open}${cell}${close}`)}</tr>`;
  };
  return html`<div class="scroll" role="region" tabindex="0" aria-label="${label}"><table><thead>${row(head, "th")}</thead><tbody>${rows.map((cells) => row(cells, "td"))}</tbody></table></div>`;
}
