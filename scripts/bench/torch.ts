import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { z } from "zod";
import { RunError } from "../../sim/core/errors.js";
import { packageRoot } from "./machine.js";
import type { Job } from "./measure.js";

// One thread everywhere: the matrix library has a setting of its own beside PyTorch's. No cache files beside sources.
const ENVIRONMENT = {
  OMP_NUM_THREADS: "1",
  OPENBLAS_NUM_THREADS: "1",
  MKL_NUM_THREADS: "1",
  PYTHONDONTWRITEBYTECODE: "1",
};
const CANDIDATES = ["python3", "/usr/bin/python3"];

const replySchema = z.looseObject({ error: z.string().optional(), ms: z.number().optional() });
const descriptionSchema = z.object({
  version: z.string(),
  blas: z.string(),
  build: z.array(z.string()),
  threads: z.int(),
});
type Reply = z.infer<typeof replySchema>;

interface Python {
  readonly command: string;
  readonly script: string;
}

/** The first Python that has PyTorch; undefined when there is none. */
function findPython(): Python | undefined {
  const script = join(packageRoot(), "scripts", "bench", "eager_torch.py");
  if (!existsSync(script)) return undefined;
  const command = CANDIDATES.find((name) => spawnSync(name, ["-c", "import torch"]).status === 0);
  return command === undefined ? undefined : { command, script };
}

/** Without the shell's settings of OpenBLAS, so that it takes the fastest kernels that the processor has. */
function environment(): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith("OPENBLAS_"));
  return { ...Object.fromEntries(inherited), ...ENVIRONMENT };
}

/** A Python process that runs the eager counterparts of the jobs, one run per request. */
export class EagerTorch {
  readonly #python: Python;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #waiting: { resolve(line: string): void; reject(error: Error): void }[] = [];
  #description: Readonly<Record<string, string>> = {};
  #stderr = "";

  private constructor(python: Python) {
    this.#python = python;
    this.#child = spawn(python.command, [python.script, "serve"], { env: environment() });
    createInterface({ input: this.#child.stdout }).on("line", (line) => this.#waiting.shift()?.resolve(line));
    this.#child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr += text;
    });
    this.#child.on("close", () => {
      for (const { reject } of this.#waiting.splice(0)) reject(torchError("ended", this.#stderr));
    });
  }

  /** Starts PyTorch where this machine has it. */
  static async start(): Promise<EagerTorch | undefined> {
    const python = findPython();
    if (python === undefined) return undefined;
    const torch = new EagerTorch(python);
    const { version, blas, build, threads } = descriptionSchema.parse(await torch.#ask({ op: "describe" }));
    torch.#description = { version, blas, build: build.join(", "), threads: String(threads) };
    return torch;
  }

  /** Version, matrix library, essentials of the build, threads. */
  get description(): Readonly<Record<string, string>> {
    return this.#description;
  }

  /** Makes a job of a kind that `eager_torch.py` knows; it reports the time taken there. */
  async job(name: string, description: Readonly<Record<string, unknown>>): Promise<Job> {
    await this.#ask({ op: "prepare", name, job: description });
    return async () => (await this.#ask({ op: "run", name })).ms ?? Number.NaN;
  }

  /** Frees a job's memory. */
  async release(name: string): Promise<void> {
    await this.#ask({ op: "release", name });
  }

  /** Makes training steps from given parameters and returns how far they end from what is wanted. */
  check(request: object): { difference: number; change: number } {
    const { command, script } = this.#python;
    const input = JSON.stringify(request);
    const { status, stdout, stderr } = spawnSync(command, [script, "check"], {
      input,
      encoding: "utf8",
      env: environment(),
      maxBuffer: 1e8,
    });
    if (status !== 0) throw torchError("could not check a training step", stderr);
    return z.object({ difference: z.number(), change: z.number() }).parse(JSON.parse(stdout));
  }

  close(): void {
    this.#child.stdin.end();
  }

  async #ask(request: object): Promise<Reply> {
    const line = await new Promise<string>((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#child.stdin.write(`${JSON.stringify(request)}\n`);
    });
    const reply = replySchema.parse(JSON.parse(line));
    if (reply.error !== undefined) throw torchError("failed", reply.error);
    return reply;
  }
}

function torchError(what: string, got: string): RunError {
  return new RunError({
    what: `The eager PyTorch counterpart ${what}`,
    got: got.trim().split("\n").at(-1) ?? "",
    expected: "an answer",
    todo: "Look at scripts/bench/eager_torch.py",
  });
}
