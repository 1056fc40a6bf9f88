import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { COMMAND_LINE } from "./command-line.js";

/** `hypercrl view` of one run as a process of its own, so that nothing of it takes the training's time. */
export class ViewerProcess {
  readonly #child: ChildProcess;
  readonly #ended: Promise<number | null>;
  /** The page's address once it is served; undefined when the process has ended before. */
  readonly url: Promise<string | undefined>;
  running = true;

  /**
   * @param folder of the run
   * @param port undefined for any that is free
   */
  constructor(folder: string, port: number | undefined) {
    const options = port === undefined ? [] : ["--port", String(port)];
    // A process group of its own: Ctrl-C goes to the whole group of a terminal, and how this one stops is decided here.
    // The channel ends it when this process is gone, however that happened.
    this.#child = spawn(process.execPath, [COMMAND_LINE, "view", folder, "--json", ...options], {
      detached: true,
      stdio: ["ignore", "pipe", "inherit", "ipc"],
    });
    this.#ended = new Promise((done) => {
      this.#child.on("error", () => done(null));
      // Not "close", which does not come after `disconnect()`.
      this.#child.on("exit", done);
    });
    void this.#ended.then(() => {
      this.running = false;
    });
    const line = new Promise<string>((done) => createInterface(this.#child.stdout!).once("line", done));
    this.url = Promise.race([
      line.then((text) => (JSON.parse(text) as { url: string }).url),
      this.#ended.then(() => undefined),
    ]);
  }

  /** Its exit code at its end; null when it was killed or could not be started. */
  get ended(): Promise<number | null> {
    return this.#ended;
  }

  /** Ends it. */
  async stop(): Promise<void> {
    if (this.#child.connected) this.#child.disconnect();
    await this.#ended;
  }
}
