import { type Command, Option } from "commander";
import type { Io } from "../io.js";
import { command, type Done } from "./command.js";
import { portNumber } from "./parsers.js";
import { CHANGED_SUITE_TEXT, SUITE_FILE_TEXT } from "./texts.js";

/** `hypercrl replay` with its options. */
export function addReplay(program: Command, io: Io, done: Done): void {
  command(program, "replay", "show recorded episodes, or simulate them again and compare")
    .argument("<episode...>", "episode files (.mcap), or run folders for all their episodes")
    .option("--verify", "simulate again and compare every observation, reward and state hash bit by bit")
    .option("--suite <file>", SUITE_FILE_TEXT)
    .option("--accept-changed-suite", CHANGED_SUITE_TEXT)
    .action(async (paths: string[], flags) => {
      const { replayCommand } = await import("../commands/replay.js");
      done(await replayCommand(paths, flags, io));
    });
}

/** `hypercrl view` with its options. */
export function addView(program: Command, io: Io, done: Done): void {
  command(program, "view", "show recorded episodes in the browser, two side by side if you like")
    .argument("<run-or-episode...>", "one run folder or episode (.mcap), or two to compare")
    .option("--port <n>", "port on this machine (default: any that is free)", portNumber)
    .option("--open", "open the page in the default browser")
    .addOption(
      new Option("--export <file>", "write one HTML file that needs no server").conflicts(["port", "open"]),
    )
    .action(async (paths: string[], flags) => {
      const { viewCommand } = await import("../commands/view.js");
      done(await viewCommand(paths, flags, io));
    });
}
