import { describe, expect, it } from "vitest";
import { InputError } from "../../../sim/core/errors.js";
import { printable, shown } from "../../../sim/core/shown.js";

// A colour, a title of the terminal, an 8-bit control, a reversed direction, a tag, half a character, a line separator.
const STEERING = ["\u001b[31m", "\u001b]0;x\u0007", "\u009b2J", "\u202e", "\u{e0041}", "\ud800", "\u2028"];

describe("text from elsewhere", () => {
  it("steers no terminal", () => {
    expect(printable("a\u001b[2Jb\r\n\tc\u009b")).toBe("a\\u001b[2Jb\\u000d\n\tc\\u009b");
    expect(shown("a\nb\tc\u0000")).toBe("a\\nb\\tc\\u0000");
    for (const text of STEERING) {
      for (const show of [printable, shown]) expect(show(text), JSON.stringify(text)).toMatch(/^[ -~]+$/);
    }
  });

  it("is what it was where nothing is invisible, in every writing", () => {
    const text = "größe 12 µm → 東京 مرحبا 🤖 – ‘ok’";
    expect([printable(text), shown(text)]).toEqual([text, text]);
  });

  it("stays the same value in JSON", () => {
    const value = { task: STEERING.join(" ") };
    for (const json of [JSON.stringify(value), JSON.stringify(value, null, 2)]) {
      expect(JSON.parse(printable(json))).toEqual(value);
    }
  });

  it("is cut off where it is long", () => {
    expect(shown("x".repeat(540))).toBe("x".repeat(540));
    expect(shown("x".repeat(100_000))).toBe(`${"x".repeat(500)}… (100000 characters)`);
    expect(shown("\n".repeat(40), 10)).toBe("\\n\\n\\n\\n\\n… (40 characters)");
    expect(shown(shown("x".repeat(100_000)))).toBe(shown("x".repeat(100_000)));
  });

  it("is shown so in every part of an error", () => {
    const long = `${STEERING.join("")}\n${"x".repeat(100_000)}`;
    const { message, details } = new InputError({ what: long, got: long, expected: long, todo: long });
    expect(message).toMatch(/^[ -~…]+$/);
    expect(message.length).toBeLessThan(10_000);
    expect(details.got === shown(long)).toBe(true);
    // What is made of an error's parts is not changed again.
    expect(new InputError(details).message === message).toBe(true);
  });
});
