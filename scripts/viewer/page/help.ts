import { el } from "./dom.js";
import { type KeyBinding, keyName } from "./keys.js";

/** A dialog that lists the keys. */
export function helpDialog(bindings: readonly KeyBinding[]): HTMLDialogElement {
  const rows = bindings.map(({ keys, text }) =>
    el("tr", {}, el("td", {}, ...keys.map((key) => el("kbd", {}, keyName(key)))), el("td", {}, text)),
  );
  const close = el("button", { type: "button", textContent: "Close" });
  const dialog = el(
    "dialog",
    { className: "help", attrs: { "aria-label": "Keys" } },
    el("header", { className: "title" }, el("h2", {}, "Keys"), close),
    el("table", {}, el("tbody", {}, ...rows)),
    el(
      "p",
      {},
      "Drag to turn, right-drag or two fingers to shift, wheel or pinch to zoom. Point at a plot to go there.",
    ),
  );
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  return dialog;
}
