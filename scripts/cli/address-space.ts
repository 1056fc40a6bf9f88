import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";

const WITHOUT_GUARDS = "--disable-wasm-trap-handler";

/**
 * Below this limit, in bytes, memory is reserved sparingly. Six WebAssembly memories at once and the threads of a run
 * come to 60 GiB; the rest is for machines with many cores.
 */
const AMPLE = 256 * 2 ** 30;

/** What a terminal or a cluster sends. */
const FORWARDED = ["SIGINT", "SIGTERM", "SIGUSR1", "SIGUSR2", "SIGWINCH"] as const;

/** The limit of this process's address space in bytes (`ulimit -v`), or undefined where none is set or known. */
function addressSpaceLimit(): number | undefined {
  try {
    const [, bytes] = /^Max address space +(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8")) ?? [];
    return bytes === undefined ? undefined : Number(bytes);
  } catch {
    return undefined;
  }
}

/**
 * Whether the address space is too small for the 10 GiB that the runtime reserves around every WebAssembly memory, so
 * that it must be told not to. That can only be said when a process starts.
 */
export function addressSpaceIsShort(): boolean {
  const told = [...process.execArgv, process.env.NODE_OPTIONS ?? ""].some((a) => a.includes(WITHOUT_GUARDS));
  return !told && (addressSpaceLimit() ?? AMPLE) < AMPLE;
}

/**
 * Runs this command in a process that reserves little, and ends as that ends. Accesses to WebAssembly memory are then
 * checked one by one, which costs a run about a tenth of its time and changes no result.
 */
export async function runReservingLittle(): Promise<void> {
  // A process group of its own: Ctrl-C goes to the whole group of a terminal and would reach the command twice. The
  // channel stops it when this process is gone, however that happened.
  const child = spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
    env: { ...process.env, NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ""} ${WITHOUT_GUARDS}`.trim() },
    detached: true,
    stdio: ["inherit", "inherit", "inherit", "ipc"],
  });
  for (const name of FORWARDED) process.on(name, () => child.kill(name));
  process.on("disconnect", () => child.connected && child.disconnect());
  process.channel?.unref();
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((done, failed) => {
    child.on("error", failed);
    child.on("exit", (...end) => done(end));
  });
  if (signal === null) process.exitCode = code ?? 1;
  else {
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  }
}
