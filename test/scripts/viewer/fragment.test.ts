import { describe, expect, it } from "vitest";
import { fragmentOf, readFragment } from "../../../scripts/viewer/fragment.js";

describe("a fragment", () => {
  it.each([
    [[{ source: 0, file: "05-evaluate-01-01.mcap" }], "#0/05-evaluate-01-01.mcap"],
    [
      [
        { source: 1, file: "a.mcap" },
        { source: 12, file: "b.mcap" },
      ],
      "#1/a.mcap&12/b.mcap",
    ],
    [
      [{ source: 0, file: `<img src=x>&1/50% "é'.mcap` }],
      "#0/%3Cimg%20src%3Dx%3E%261%2F50%25%20%22%C3%A9'.mcap",
    ],
  ])("names %j as %s and is read as the same", (refs, fragment) => {
    expect(fragmentOf(refs)).toBe(fragment);
    expect(readFragment(fragment)).toEqual({ refs, play: false });
    expect(fragmentOf(refs, true)).toBe(`${fragment}&play`);
    expect(readFragment(`${fragment}&play`)).toEqual({ refs, play: true });
  });

  it.each(["", "#"])("%j names none", (fragment) => {
    expect(readFragment(fragment)).toEqual({ refs: [], play: false });
  });

  it.each([
    "#top",
    "#a.mcap",
    "#-1/a.mcap",
    "#0/",
    "#0/%E0%A4.mcap",
    "#0/a&",
    "#0/a&0/b&0/c",
    "#play",
    "#0/a&play&0/b",
  ])("%s is refused", (fragment) => {
    expect(() => readFragment(fragment)).toThrow(
      `The address ends in ${fragment}; expected #0/NAME.mcap, or two such names with & between`,
    );
  });
});
