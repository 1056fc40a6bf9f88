/** Characters that are not seen but do something: controls, marks of writing direction, separators of lines, halves of characters. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;
const LAYOUT = /[^\n\t]/;

/**
 * Text as a terminal may get it. Whatever could steer a terminal, or make text look like other text, is shown as in JSON,
 * such as `\u001b`; line ends and tabs stay. Valid JSON stays the same value.
 */
export function printable(text: string): string {
  return text.replace(INVISIBLE, (character) => (LAYOUT.test(character) ? escaped(character) : character));
}

/** Room for what is put behind a text that is cut off: what was cut off once is not cut off again. */
const ENDING = 40;

/**
 * A piece of text from a file, a name or another program as a message shows it: on one line, with nothing invisible in it,
 * and cut off where it is long.
 * @param most about how many characters are shown
 */
export function shown(text: string, most = 500): string {
  // What is far too long is cut off first, so that it costs nothing.
  const all = text.slice(0, most + ENDING + 1).replace(INVISIBLE, escaped);
  return all.length <= most + ENDING ? all : `${all.slice(0, most)}… (${text.length} characters)`;
}

/** Whether a value from outside is text of one line, with no control characters in it. */
export function isLine(value: unknown): value is string {
  return typeof value === "string" && value !== "" && !/[\p{Cc}\p{Zl}\p{Zp}]/u.test(value);
}

function escaped(character: string): string {
  if (character === "\n") return "\\n";
  if (character === "\t") return "\\t";
  // A character beyond the first 65,536 is two units.
  return character
    .split("")
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
    .join("");
}
