import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { z } from "zod";
import { firstOf } from "../../../sim/core/element.js";
import { RunError, UsageError } from "../../../sim/core/errors.js";
import { packageRoot } from "../machine.js";
import type { Job } from "../measure.js";

// One thread everywhere: the matrix library has a setting of its own beside PyTorch's. No cache files beside sources.
const ENVIRONMENT = {
  OMP_NUM_THREADS: "1",
  OPENBLAS_NUM_THREADS: "1",
  MKL_NUM_THREADS: "1",
  PYTHONDONTWRITEBYTECODE: "1",
};
const CANDIDATES = ["python3", "/usr/bin/python3"];

/** How PyTorch is had where it is missing. */
export const TO_INSTALL = "Install PyTorch 2 (pip install torch, or Debian 13's python3-torch)";

const replySchema = z.looseObject({
  error: z.string().optional(),
  ms: z.number().optional(),
  result: z.array(z.number()).optional(),
});
const descriptionSchema = z.object({
  version: z.string(),
  blas: z.string(),
  build: z.array(z.string()),
  threads: z.int(),
  compilerProblem: z.string(),
});
type Reply = z.infer<typeof replySchema>;

interface Python {
  readonly command: string;
  readonly script: string;
}

/**
 * The first Python that has PyTorch; undefined when there is none.
 * @param chosen the only one that is looked at
 * @throws UsageError when the chosen one has no PyTorch
 */
function findPython(chosen: string | undefined): Python | undefined {
  const script = join(packageRoot(), "scripts", "bench", "peers", "torch_peers.py");
  const candidates = chosen === undefined ? CANDIDATES : [chosen];
  const tried = candidates.map((command) => ({ command, ...spawnSync(command, ["-c", "import torch"]) }));
  const found = tried.find(({ status }) => status === 0);
  if (found !== undefined && existsSync(script)) return { command: found.command, script };
  if (chosen === undefined) return undefined;
  const { error, stderr } = firstOf(tried, "tried");
  throw new UsageError({
    what: `${chosen} cannot be measured against`,
    got: error?.message ?? lastLine(String(stderr)),
    expected: "a Python that has PyTorch",
    todo: `${TO_INSTALL}, or leave --python out`,
  });
}

const lastLine = (text: string) => text.trim().split("\n").at(-1) ?? "";

/** Without the shell's settings of OpenBLAS, so that it takes the fastest kernels that the processor has. */
function environment(): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith("OPENBLAS_"));
  return { ...Object.fromEntries(inherited), ...ENVIRONMENT };
}

/** A Python process that runs the counterparts of the jobs in PyTorch, one run per request. */
export class TorchProcess {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #waiting: { resolve(line: string): void; reject(error: Error): void }[] = [];
  #description: Readonly<Record<string, string>> = {};
  #compilerProblem = "";
  #stderr = "";

  private constructor(python: Python) {
    this.#child = spawn(python.command, [python.script], { env: environment() });
    createInterface({ input: this.#child.stdout }).on("line", (line) => this.#waiting.shift()?.resolve(line));
    this.#child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr += text;
    });
    this.#child.on("close", () => {
      for (const { reject } of this.#waiting.splice(0)) reject(torchError("ended", this.#stderr));
    });
  }

  /**
   * Starts PyTorch where this machine has it.
   * @param chosen the command of the Python that has it; default the first of `python3` and `/usr/bin/python3` that does
   * @throws UsageError when the one given has none
   */
  static async start(chosen?: string): Promise<TorchProcess | undefined> {
    const python = findPython(chosen);
    if (python === undefined) return undefined;
    const torch = new TorchProcess(python);
    const { version, blas, build, threads, compilerProblem } = descriptionSchema.parse(
      await torch.#ask({ op: "describe" }),
    );
    torch.#compilerProblem = compilerProblem;
    torch.#description = { version, blas, build: build.join(", "), threads: String(threads) };
    return torch;
  }

  /** Version, matrix library, essentials of the build, threads. */
  get description(): Readonly<Record<string, string>> {
    return this.#description;
  }

  /** Why `torch.compile` cannot be used here; empty when it can. */
  get compilerProblem(): string {
    return this.#compilerProblem;
  }

  /** Makes a job of a kind that `torch_peers.py` knows; it reports the processor time taken there. */
  async job(name: string, description: Readonly<Record<string, unknown>>): Promise<Job> {
    await this.#ask({ op: "prepare", name, job: description });
    return async () => (await this.#ask({ op: "run", name })).ms ?? Number.NaN;
  }

  /** Runs a job once and returns the numbers that it computes. */
  async result(name: string): Promise<readonly number[]> {
    return (await this.#ask({ op: "result", name })).result ?? [];
  }

  /** Frees a job's memory. */
  async release(name: string): Promise<void> {
    await this.#ask({ op: "release", name });
  }

  /** Makes training steps from given parameters and returns how far they end from what is wanted. */
  async check(request: object): Promise<{ difference: number; change: number }> {
    const reply = await this.#ask({ op: "check", ...request });
    return z.looseObject({ difference: z.number(), change: z.number() }).parse(reply);
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
    what: `The PyTorch counterpart ${what}`,
    got: lastLine(got),
    expected: "an answer",
    todo: "Look at scripts/bench/peers",
  });
}
