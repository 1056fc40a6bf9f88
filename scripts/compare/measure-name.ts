const UNITS = ["mm", "cm", "m", "deg", "rad", "s", "n", "kg", "percent", "ratio"];

/** `positionErrorMm` → `position error` in `mm`; a last word that is no unit belongs to the name. */
export function measureName(key: string): { readonly name: string; readonly unit: string | undefined } {
  const words = key
    .replace(/([A-Z])/g, " $1")
    .toLowerCase()
    .trim()
    .split(" ");
  const unit = words.at(-1)!;
  if (words.length < 2 || !UNITS.includes(unit)) return { name: words.join(" "), unit: undefined };
  return { name: words.slice(0, -1).join(" "), unit };
}
