import { shellWord } from "../../runs/shell-word.js";
import { type Io, say, sayError, suggest } from "../io.js";
import { printLine } from "../train-lines.js";
import { ViewerProcess } from "../viewer-process.js";

export interface TrainViewFlags {
  /** Default: any port that is free. */
  readonly viewPort?: number;
  readonly quiet?: boolean;
  readonly json?: boolean;
}

/** The viewer beside a training run: tells its address, and that it has ended should it do so by itself. */
export class TrainView {
  readonly #flags: TrainViewFlags;
  readonly #io: Io;
  #viewer: ViewerProcess | undefined;
  #stopping = false;

  constructor(flags: TrainViewFlags, io: Io) {
    this.#flags = flags;
    this.#io = io;
  }

  start(folder: string): void {
    const viewer = new ViewerProcess(folder, this.#flags.viewPort);
    this.#viewer = viewer;
    void viewer.url.then((url) => url !== undefined && !this.#stopping && this.#tellUrl(url));
    void viewer.ended.then((code) => !this.#stopping && this.#tellEnd(folder, code));
  }

  /** After the run's end: goes on until the user stops it. */
  async linger(signal: AbortSignal): Promise<void> {
    const url = await this.#viewer?.url;
    if (url !== undefined && this.#viewer?.running && !signal.aborted) {
      this.#say(`The viewer goes on at ${url} until Ctrl-C`);
      const stopped = new Promise((done) => signal.addEventListener("abort", done, { once: true }));
      await Promise.race([stopped, this.#viewer.ended]);
    }
    await this.stop();
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#viewer?.stop();
  }

  #tellUrl(url: string): void {
    if (this.#flags.json) printLine(this.#io, { type: "view", url, port: Number(new URL(url).port) });
    else this.#say(`Watch it at ${url}`);
  }

  #tellEnd(folder: string, code: number | null): void {
    const end = code === null ? "was killed" : `ended with exit code ${code}`;
    this.#io.live?.clear();
    const text = `warning: the viewer ${end}; the run goes on. Start it again with`;
    suggest(this.#io, text, `hypercrl view ${shellWord(folder)}`);
  }

  /** Beside the output that programs read, or that was not wanted. */
  #say(text: string): void {
    this.#io.live?.clear();
    if (this.#flags.json || this.#flags.quiet) sayError(this.#io, text);
    else say(this.#io, text);
  }
}
