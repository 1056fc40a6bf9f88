/** The places of some values, that of the smallest figure first; equal ones stay in their order. */
export function rankBy<T>(values: readonly T[], figure: (value: T) => number): number[] {
  const figures = values.map(figure);
  return figures.map((_, i) => i).sort((a, b) => figures[a]! - figures[b]!);
}
