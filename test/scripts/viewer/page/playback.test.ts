import { describe, expect, it } from "vitest";
import { Playback } from "../../../../scripts/viewer/page/playback.js";

function loaded(length = 100, period = 0.05): Playback {
  const playback = new Playback();
  playback.load(length, period);
  return playback;
}

describe("Playback", () => {
  it("moves on with real time, and stops at the end", () => {
    const playback = loaded();
    playback.tick(1000);
    expect(playback.at).toBe(0);
    playback.toggle();
    playback.tick(1025);
    expect(playback.at).toBeCloseTo(20.5, 9);
    expect(playback.step).toBe(20);
    playback.setSpeed(2);
    playback.tick(500);
    expect(playback.at).toBeCloseTo(40.5, 9);
    playback.tick(1e6);
    expect([playback.at, playback.playing]).toEqual([100, false]);
    playback.toggle();
    expect([playback.at, playback.playing]).toEqual([0, true]);
  });

  it("pauses at a whole step", () => {
    const playback = loaded();
    playback.toggle();
    playback.tick(120);
    playback.toggle();
    expect([playback.at, playback.playing]).toEqual([2, false]);
  });

  it("begins again where it loops", () => {
    const playback = loaded(100, 0.1);
    playback.setLoop(true);
    playback.seek(95);
    playback.toggle();
    playback.tick(1000);
    expect(playback.at).toBeCloseTo(5, 9);
    expect(playback.playing).toBe(true);
  });

  it("keeps to the steps there are", () => {
    const playback = loaded(10);
    for (const [wanted, got] of [
      [-3, 0],
      [4.4, 4],
      [99, 10],
    ] as const) {
      playback.seek(wanted);
      expect(playback.at).toBe(got);
    }
    playback.stepBy(-3);
    expect(playback.at).toBe(7);
    playback.load(5, 0.05);
    expect(playback.at).toBe(5);
  });

  it("does not play an episode without steps", () => {
    const playback = loaded(0);
    playback.toggle();
    expect(playback.playing).toBe(false);
  });

  it("changes speed within what there is, and tells of every change", () => {
    const playback = loaded();
    let changes = 0;
    playback.onChange(() => changes++);
    for (let i = 0; i < 10; i++) playback.changeSpeed(1);
    expect(playback.speed).toBe(8);
    for (let i = 0; i < 10; i++) playback.changeSpeed(-1);
    expect(playback.speed).toBe(0.1);
    expect(changes).toBe(3 + 6);
  });
});
