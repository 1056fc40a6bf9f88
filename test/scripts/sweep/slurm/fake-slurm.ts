import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { vi } from "vitest";

/** What a fake program does: lines of a shell script; `$*` are its arguments. */
type Programs = Readonly<Record<string, string>>;

/** Puts programs of Slurm on the path that note how they are called. */
export function fakeSlurm(folder: string, programs: Programs) {
  mkdirSync(folder, { recursive: true });
  const calls = join(folder, "calls");
  for (const [name, script] of Object.entries(programs)) {
    const path = join(folder, name);
    writeFileSync(path, `#!/bin/sh\nprintf '%s\\n' "${name} $*" >>'${calls}'\n${script}\n`);
    chmodSync(path, 0o755);
  }
  vi.stubEnv("PATH", `${folder}${delimiter}${process.env.PATH}`);
  return {
    /** Every call so far, with its arguments. */
    calls: () => (existsSync(calls) ? readFileSync(calls, "utf8").trim().split("\n") : []),
  };
}

/** Programs that take everything: jobs are numbered from 71. */
export const WILLING: Programs = {
  sbatch:
    'case "$*" in --version) echo slurm;; *) echo $((70 + $(grep -c parsable "$(dirname "$0")/calls")));; esac',
  squeue: "",
  scancel: "",
  scontrol: "echo 'MaxArraySize            = 1001'",
  sinfo: "echo main; echo long; echo main",
};
