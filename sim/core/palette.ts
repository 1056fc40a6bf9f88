/** Colours that are told apart from each other, on light ground and on dark. Where there is more to colour, they come again. */
const PALETTE = [
  "#3b82c4",
  "#e07b39",
  "#3a9e6a",
  "#c44e8c",
  "#8a6fd1",
  "#b3932e",
  "#3aa5b8",
  "#8b8f96",
] as const;

/** The colour of the thing with an index, counted from 0. */
export function colorAt(index: number): string {
  return PALETTE[index % PALETTE.length]!;
}
