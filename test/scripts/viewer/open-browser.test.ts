import { describe, expect, it } from "vitest";
import { browserCommand } from "../../../scripts/viewer/open-browser.js";

describe("browserCommand", () => {
  it("gives the address to the system's opener as one argument", () => {
    const url = "http://127.0.0.1:4000/";
    expect(browserCommand(url, "linux")).toEqual(["xdg-open", url]);
    expect(browserCommand(url, "darwin")).toEqual(["open", url]);
    expect(browserCommand(url, "win32").at(-1)).toBe(url);
  });
});
