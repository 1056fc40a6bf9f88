import { beforeEach, describe, expect, it } from "vitest";
import { Playback } from "../../../../../scripts/viewer/page/playback.js";
import { Follower } from "../../../../../scripts/viewer/page/run/follower.js";

let playback: Playback;
let opened: string[];
let follower: Follower;
let answer: boolean;

beforeEach(() => {
  playback = new Playback();
  opened = [];
  answer = true;
  follower = new Follower({
    playback,
    open: async (file) => {
      opened.push(file);
      if (answer) playback.load(10, 0.1);
      return answer;
    },
  });
});

/** Lets what was begun end. */
const settle = () => new Promise((done) => setImmediate(done));

async function note(...files: readonly string[]): Promise<readonly string[]> {
  for (const file of files) follower.note(file);
  await settle();
  return opened;
}

/** Follows from the first episode there is. */
async function follow(file: string): Promise<void> {
  follower.note(file);
  follower.follow();
  await settle();
}

describe("Follower", () => {
  it("opens and plays the newest one, and the next when that has come to its end", async () => {
    await note("a", "b");
    expect(opened).toEqual(["a"]);
    opened.length = 0;
    follower.follow();
    await settle();
    expect(opened).toEqual(["b"]);
    expect([playback.playing, playback.at]).toEqual([true, 0]);
    expect(await note("c", "d")).toEqual(["b"]);
    playback.tick(1000);
    await settle();
    expect(opened).toEqual(["b", "d"]);
    expect(playback.playing).toBe(true);
    playback.tick(1000);
    await settle();
    expect(opened).toEqual(["b", "d"]);
    expect(await note("d", "e")).toEqual(["b", "d", "e"]);
  });

  it("waits while paused in the middle, and goes on after the end", async () => {
    await follow("a");
    playback.tick(300);
    playback.toggle();
    expect(await note("b")).toEqual(["a"]);
    playback.toggle();
    expect(opened).toEqual(["a"]);
    playback.tick(1000);
    await settle();
    expect(opened).toEqual(["a", "b"]);
  });

  it("opens nothing once let go", async () => {
    await follow("a");
    follower.letGo();
    playback.tick(2000);
    expect(await note("b")).toEqual(["a"]);
  });

  it("shows the first episode there is, without playing it, when nothing is followed", async () => {
    expect(await note("a", "b")).toEqual(["a"]);
    expect([playback.length, playback.playing]).toEqual([10, false]);
    playback.seek(10);
    expect(await note("c")).toEqual(["a"]);
  });

  it("does not play the one before again when one cannot be opened", async () => {
    await follow("a");
    answer = false;
    playback.tick(2000);
    expect(await note("b")).toEqual(["a", "b"]);
    expect(playback.playing).toBe(false);
  });
});
