import { describe, expect, it } from "vitest";
import { findTool, toolPath } from "../../../../../scripts/viewer/page/scene/tool-path.js";
import { HEADER } from "../../../../sim/recording/fake-task.js";
import { body, episodeOf, shape } from "../episode-data.js";

const small = shape([0.1, 0.1, 0.1]);

describe("findTool", () => {
  it("is the middle of the fingers, the far end of the last link or pole, or what moves", () => {
    const links = [
      body("link1", false, small),
      body("link2", false, small, shape([0.1, 0.1, 0.1], [0, 0, 0.3])),
    ];
    const fingers = [body("finger1", false, small), body("finger2", false, small)];
    expect(findTool([...links, ...fingers])?.points.map((p) => p.body)).toEqual([2, 3]);
    expect(findTool(links)).toEqual({ name: "link2", points: [{ body: 1, point: [0, 0, 0.3] }] });
    expect(findTool([body("cart", false, small), body("pole", false, small)])?.name).toBe("pole");
    expect(findTool([body("floor", true, small), body("torso", false), body("leg", false)])?.name).toBe(
      "torso",
    );
  });

  it("is never a goal or a fixed body", () => {
    expect(findTool([body("table", true, small), body("goal", false, small)])).toBeUndefined();
  });
});

describe("toolPath", () => {
  it("is the mean of the tool's points, and stands still where there are none", () => {
    const bodies = [body("finger1", false), body("finger2", false)];
    const episode = episodeOf(bodies, [
      [
        [0, 0, 0],
        [2, 0, 0],
      ],
      [
        [0, 4, 0],
        [2, 0, 0],
      ],
      [
        [Number.NaN, 0, 0],
        [2, 0, 0],
      ],
    ]);
    expect([...toolPath(episode, findTool(bodies)!)]).toEqual([1, 0, 0, 1, 2, 0, 1, 2, 0]);
  });

  it("goes on at the end of a pole that has another length once the task has changed", () => {
    const pole = (length: number) => [body("pole", false, small, shape([0.1, 0.1, 0.1], [0, 0, length]))];
    const standing = [[[1, 0, 0]], [[2, 0, 0]], [[3, 0, 0]]];
    const switches = [{ steps: 1, task: "longer", taskIndex: 1 }];
    const episode = episodeOf(pole(0.5), standing, {
      header: { ...HEADER, switches },
      bodiesAfter: [pole(2)],
    });
    expect([...toolPath(episode, findTool(episode.bodies)!)]).toEqual([1, 0, 0.5, 2, 0, 2, 3, 0, 2]);
  });
});
