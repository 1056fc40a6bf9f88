import { elementAt } from "../../../sim/core/element.js";
import type { EpisodeRef, EpisodeRow, ViewerIndex } from "../payload.js";
import { NO_EPISODES, sameRef } from "./data.js";
import { el, unseen } from "./dom.js";
import { chooseRows, type Filter, NO_FILTER, type Sort, type SortKey, valuesOf } from "./picker-rows.js";
import { shortNumber } from "./text.js";

const COLUMNS: readonly { readonly key: SortKey; readonly title: string; readonly number?: boolean }[] = [
  { key: "source", title: "run" },
  { key: "task", title: "task" },
  { key: "phase", title: "phase" },
  { key: "afterTask", title: "after task", number: true },
  { key: "return", title: "return", number: true },
  { key: "success", title: "success" },
  { key: "steps", title: "steps", number: true },
  { key: "file", title: "file" },
];

/** A dialog with every episode, to choose the one to show or the one to compare it with. */
export class Picker {
  readonly element: HTMLDialogElement;
  readonly #choose: (slot: 0 | 1, ref: EpisodeRef) => void;
  readonly #filters = el("div", { className: "filters" });
  readonly #head = el("tr");
  readonly #body = el("tbody");
  readonly #count = el("p", { className: "count", attrs: { "aria-live": "polite" } });
  #index: ViewerIndex = NO_EPISODES;
  #open: readonly EpisodeRef[] = [];
  #filter: Filter = NO_FILTER;
  #sort: Sort = { key: "file", descending: false };
  #slot: 0 | 1 = 0;

  /** @param choose told of the episode picked, for the first picture or the second */
  constructor(choose: (slot: 0 | 1, ref: EpisodeRef) => void) {
    this.#choose = choose;
    const close = el("button", { type: "button", textContent: "Close" });
    this.element = el(
      "dialog",
      { className: "picker", attrs: { "aria-label": "Episodes" } },
      el("header", { className: "title" }, el("h2", {}, "Episodes"), this.#count, close),
      this.#filters,
      el("div", { className: "rows" }, el("table", {}, el("thead", {}, this.#head), this.#body)),
    );
    close.addEventListener("click", () => this.element.close());
    this.element.addEventListener("click", (event) => {
      if (event.target === this.element) this.element.close();
    });
  }

  /** @param slot whose episode a click on a row changes */
  show(index: ViewerIndex, open: readonly EpisodeRef[], slot: 0 | 1): void {
    this.#index = index;
    this.#open = open;
    this.#slot = slot;
    this.#buildFilters();
    this.#buildRows();
    if (!this.element.open) this.element.showModal();
  }

  #buildFilters(): void {
    const { sources, episodes } = this.#index;
    const search = el("input", {
      type: "search",
      placeholder: "search",
      value: this.#filter.text,
      attrs: { "aria-label": "Words in the names" },
    });
    search.addEventListener("input", () => this.#narrow({ text: search.value }));
    this.#filters.replaceChildren(
      ...(sources.length > 1
        ? [
            this.#select(
              "source",
              "Run",
              "all runs",
              sources.map((s, i) => [String(i), s]),
            ),
          ]
        : []),
      this.#select(
        "task",
        "Task",
        "all tasks",
        valuesOf(episodes, "task").map((t) => [t, t]),
      ),
      this.#select(
        "phase",
        "Phase",
        "all phases",
        valuesOf(episodes, "phase").map((p) => [p, p]),
      ),
      this.#select(
        "afterTask",
        "After task",
        "any time",
        valuesOf(episodes, "afterTask").map((t) => [t, timeText(Number(t))]),
      ),
      this.#select("success", "Success", "success or not", [
        ["true", "success"],
        ["false", "no success"],
      ]),
      search,
    );
  }

  #select(
    key: Exclude<keyof Filter, "text">,
    label: string,
    all: string,
    options: readonly (readonly [value: string, text: string])[],
  ): HTMLSelectElement {
    const option = ([value, text]: readonly [string, string]) => el("option", { value }, text);
    const named = { name: key, attrs: { "aria-label": label } };
    const select = el("select", named, ...([["", all], ...options] as const).map(option));
    select.value = this.#filter[key];
    select.addEventListener("change", () => this.#narrow({ [key]: select.value }));
    return select;
  }

  #narrow(change: Partial<Filter>): void {
    this.#filter = { ...this.#filter, ...change };
    this.#buildRows();
  }

  #buildRows(): void {
    const { sources, episodes } = this.#index;
    const columns = COLUMNS.filter(({ key }) => key !== "source" || sources.length > 1);
    this.#head.replaceChildren(
      ...columns.map((column) => this.#heading(column)),
      el("th", {}, unseen("compare")),
    );
    const rows = chooseRows(episodes, this.#filter, this.#sort);
    this.#count.textContent = `${rows.length} of ${episodes.length}`;
    this.#body.replaceChildren(...rows.map((row) => this.#row(row, columns)));
  }

  #heading({ key, title, number }: (typeof COLUMNS)[number]): HTMLElement {
    const { key: sorted, descending } = this.#sort;
    const arrow = key !== sorted ? "" : descending ? " ↓" : " ↑";
    const button = el("button", { type: "button", textContent: title + arrow });
    button.addEventListener("click", () => {
      this.#sort = { key, descending: key === sorted ? !descending : key === "return" };
      this.#buildRows();
    });
    const sort = key !== sorted ? "none" : descending ? "descending" : "ascending";
    const attrs = { "data-key": key, "aria-sort": sort };
    return el("th", { className: number ? "number" : "", attrs }, button);
  }

  #row(row: EpisodeRow, columns: typeof COLUMNS): HTMLElement {
    if (row.problem !== undefined) {
      const text = `${row.file}: ${row.problem}`;
      return el("tr", { className: "problem" }, el("td", { colSpan: columns.length + 1 }, text));
    }
    const pick = (slot: 0 | 1) => {
      this.element.close();
      this.#choose(slot, row);
    };
    const name = el("button", { type: "button", className: "file", textContent: row.file });
    const cells = columns.map(({ key, number }) =>
      el("td", { className: number ? "number" : "" }, key === "file" ? name : this.#cell(row, key)),
    );
    const other = el("button", { type: "button", className: "beside", textContent: "beside" });
    other.title = "Show it beside the first episode";
    other.setAttribute("aria-label", `beside: ${row.file}`);
    other.addEventListener("click", (event) => {
      event.stopPropagation();
      pick(1);
    });
    const shown = this.#open.findIndex((ref) => sameRef(ref, row));
    const line = el("tr", { className: shown === -1 ? "" : "shown" }, ...cells, el("td", {}, other));
    line.addEventListener("click", () => pick(this.#slot));
    return line;
  }

  #cell(row: EpisodeRow, key: Exclude<SortKey, "file">): string {
    if (key === "source") return elementAt(this.#index.sources, row.source, "sources");
    if (key === "afterTask") return timeText(row.afterTask!);
    if (key === "return") return shortNumber(row.return);
    if (key === "success") return row.success ? "yes" : "no";
    if (key === "steps") return row.complete ? String(row.steps) : `${row.steps}, cut off`;
    return String(row[key]);
  }
}

/** Index of the last task begun, for people. */
function timeText(afterTask: number): string {
  return afterTask < 0 ? "before" : String(afterTask + 1);
}
