import type { KeyBinding } from "./keys.js";
import type { Playback } from "./playback.js";
import { VIEWS, type View } from "./scene/framing.js";

/** What keys do beside playing. */
export interface KeyActions {
  readonly pause: (step: number) => void;
  readonly look: (view: View) => void;
  readonly follow: () => void;
  readonly path: () => void;
  readonly plans: () => void;
  readonly followRun: () => void;
  readonly pick: (slot: 0 | 1) => void;
  readonly neighbour: (by: 1 | -1) => void;
  readonly help: () => void;
}

/** Every key of the page, in the order of the list of keys. */
export function keyBindings(playback: Playback, actions: KeyActions): KeyBinding[] {
  const views = VIEWS.map((view, i) => ({
    keys: [String(i + 1)],
    text: `camera: ${view}`,
    run: () => actions.look(view),
  }));
  return [
    { keys: [" ", "k"], text: "play or pause", run: () => playback.toggle() },
    { keys: ["ArrowRight", "."], text: "one step on", run: () => playback.stepBy(1) },
    { keys: ["ArrowLeft", ","], text: "one step back", run: () => playback.stepBy(-1) },
    { keys: ["PageDown", "L"], text: "ten steps on", run: () => playback.stepBy(10) },
    { keys: ["PageUp", "J"], text: "ten steps back", run: () => playback.stepBy(-10) },
    { keys: ["Home", "0"], text: "to the start", run: () => actions.pause(0) },
    { keys: ["End"], text: "to the end", run: () => actions.pause(playback.length) },
    { keys: ["+", "="], text: "faster", run: () => playback.changeSpeed(1) },
    { keys: ["-"], text: "slower", run: () => playback.changeSpeed(-1) },
    { keys: ["l"], text: "loop", run: () => playback.setLoop(!playback.loop) },
    ...views,
    { keys: ["f"], text: "follow the robot", run: actions.follow },
    { keys: ["t"], text: "path of the gripper", run: actions.path },
    { keys: ["m"], text: "planned trajectories, where they are recorded", run: actions.plans },
    { keys: ["e"], text: "choose an episode", run: () => actions.pick(0) },
    { keys: ["c"], text: "choose an episode to compare with", run: () => actions.pick(1) },
    { keys: ["r"], text: "follow the run: play each new episode", run: actions.followRun },
    { keys: ["n"], text: "next episode", run: () => actions.neighbour(1) },
    { keys: ["p"], text: "previous episode", run: () => actions.neighbour(-1) },
    { keys: ["?", "h"], text: "these keys", run: actions.help },
  ];
}
