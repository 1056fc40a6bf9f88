import { fileURLToPath } from "node:url";

/** Path of the command line, for what starts it as a process of its own. */
export const COMMAND_LINE = fileURLToPath(new URL("./main.js", import.meta.url));
