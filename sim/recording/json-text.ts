import { parseJson } from "../core/parse-json.js";
/** `JSON.stringify` would turn -0 into 0, which is another bit pattern. */
export function numberText(x: number): string {
  if (!Number.isFinite(x)) return "null";
  return Object.is(x, -0) ? "-0" : String(x);
}

/** The shortest decimal of 7 to 9 digits that reads back as the same float32: half the bytes of the float64. */
export function float32Text(x: number): string {
  for (let digits = 7; digits < 9; digits++) {
    const short = Number(x.toPrecision(digits));
    if (Math.fround(short) === x) return numberText(x === 0 ? x : short);
  }
  return numberText(Number(x.toPrecision(9)));
}

/** @throws SyntaxError, or TypeError for bytes that are not UTF-8 */
export function parseMessage(message: Uint8Array): unknown {
  return parseJson(new TextDecoder("utf-8", { fatal: true }).decode(message));
}
