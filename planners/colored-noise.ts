import { MOST_ROWS, noise } from "../sim/core/noise.js";

/**
 * Linear map from white to power-law noise along a horizon: `x = L·w`, `w ~ N(0, I)`. It is the inverse real
 * DFT with amplitudes f^(-β/2) folded in; the constant component gets the power of the lowest frequency, 1/H.
 * Every entry has variance 1 exactly, and β = 0 gives an orthogonal map, i.e. white noise.
 * Source: Timmer & Koenig, "On generating power law noise" (1995), as used by iCEM (arXiv 2008.06389).
 * @param beta spectral exponent β of the power 1/f^β; 0 white, 1 pink, 2 red
 * @returns `[H, H]`, row-major
 */
export function coloredNoiseMap(horizon: number, beta: number): Float32Array {
  const columns: { amplitude: number; wave: (h: number) => number }[] = [];
  for (let k = 0; k <= horizon / 2; k++) {
    const power = Math.max(k, 1) ** -beta;
    const angle = (2 * Math.PI * k) / horizon;
    if (k === 0 || 2 * k === horizon) {
      columns.push({ amplitude: Math.sqrt(power), wave: (h) => Math.cos(angle * h) });
    } else {
      const amplitude = Math.sqrt(2 * power);
      columns.push({ amplitude, wave: (h) => Math.cos(angle * h) });
      columns.push({ amplitude, wave: (h) => Math.sin(angle * h) });
    }
  }
  const map = new Float32Array(horizon * horizon);
  for (let h = 0; h < horizon; h++) {
    const row = columns.map(({ amplitude, wave }) => amplitude * wave(h));
    const norm = Math.hypot(...row);
    for (let k = 0; k < horizon; k++) map[h * horizon + k] = row[k]! / norm;
  }
  return map;
}

/**
 * Colours white noise along its first axis: `out = map · white`.
 * @param map `[H, H]` of `coloredNoiseMap`
 * @param white `[H, M]`
 * @param out `[H, M]`, another buffer than `white`
 */
export function colorNoise(map: Float32Array, white: Float32Array, out: Float32Array): void {
  const horizon = Math.sqrt(map.length);
  if (noise !== undefined && horizon <= MOST_ROWS) {
    noise.multiply(map, white, out);
    return;
  }
  const width = white.length / horizon;
  out.fill(0);
  for (let h = 0; h < horizon; h++) {
    for (let k = 0; k < horizon; k++) {
      const a = map[h * horizon + k]!;
      for (let j = 0; j < width; j++) out[h * width + j]! += a * white[k * width + j]!;
    }
  }
}
