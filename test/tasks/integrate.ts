/** State after `seconds` under `derivative` with a held input: Runge-Kutta of order four in steps of a millisecond. */
export function integrate(
  derivative: (state: readonly number[]) => readonly number[],
  start: readonly number[],
  seconds: number,
): number[] {
  const steps = Math.round(seconds / 1e-3);
  const h = seconds / steps;
  const along = (s: readonly number[], k: readonly number[], by: number) => s.map((v, i) => v + by * k[i]!);
  let state = [...start];
  for (let n = 0; n < steps; n++) {
    const k1 = derivative(state);
    const k2 = derivative(along(state, k1, h / 2));
    const k3 = derivative(along(state, k2, h / 2));
    const k4 = derivative(along(state, k3, h));
    state = state.map((v, i) => v + (h / 6) * (k1[i]! + 2 * k2[i]! + 2 * k3[i]! + k4[i]!));
  }
  return state;
}
