import { describe, expect, it } from "vitest";
import { bindingOf, keyName } from "../../../../scripts/viewer/page/keys.js";

const bindings = [
  { keys: [" ", "k"], text: "play", run: () => {} },
  { keys: ["l"], text: "loop", run: () => {} },
];
const pressed = (key: string, change = {}) => ({
  key,
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  ...change,
});

describe("bindingOf", () => {
  it("finds what a key does", () => {
    expect(bindingOf(bindings, pressed("k"), "BODY")?.text).toBe("play");
    expect(bindingOf(bindings, pressed(" "), "INPUT")?.text).toBe("play");
    expect(bindingOf(bindings, pressed("x"), "BODY")).toBeUndefined();
  });

  it("leaves typing, buttons and the browser's shortcuts alone", () => {
    expect(bindingOf(bindings, pressed("l"), "INPUT:text")).toBeUndefined();
    expect(bindingOf(bindings, pressed("l"), "SELECT")).toBeUndefined();
    expect(bindingOf(bindings, pressed(" "), "BUTTON")).toBeUndefined();
    expect(bindingOf(bindings, pressed("l"), "BUTTON")?.text).toBe("loop");
    for (const key of ["ctrlKey", "metaKey", "altKey"]) {
      expect(bindingOf(bindings, pressed("l", { [key]: true }), "BODY")).toBeUndefined();
    }
  });

  it("has names for keys without a letter", () => {
    expect(["ArrowLeft", " ", "Home"].map(keyName)).toEqual(["←", "Space", "Home"]);
  });
});
