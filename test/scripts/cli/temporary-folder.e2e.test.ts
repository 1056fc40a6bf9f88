import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, expect, it } from "vitest";
import { temporaryFolder } from "../../files.js";

const root = temporaryFolder();
afterAll(() => rmSync(root, { recursive: true }));

/** Ends of a process that works in a temporary folder, and what it leaves there. */
async function worked(program: string) {
  const folder = mkdtempSync(join(root, "tmp-"));
  const module = pathToFileURL(resolve("dist/scripts/cli/temporary-folder.js")).href;
  const text = `
    import fs from "node:fs";
    import { syncBuiltinESMExports } from "node:module";
    import { join } from "node:path";
    import { setTimeout as wait } from "node:timers/promises";
    const signalled = (name) => process.kill(process.pid, name);
    ${program.replace("WORK", `const { inTemporaryFolder } = await import(${JSON.stringify(module)});`)}
  `;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", text], {
    env: { ...process.env, TMPDIR: folder },
    stdio: ["ignore", "ignore", "inherit"],
  });
  const [code, by] = await once(child, "exit");
  return { code, by, left: readdirSync(folder) };
}

it("what works in a temporary folder is told of the end of its terminal, and ends of it without the folder", async () => {
  const end = await worked(`
    WORK
    await inTemporaryFolder("test", async (folder, signal) => {
      fs.writeFileSync(join(folder, "a"), "");
      signalled("SIGHUP");
      while (!signal.aborted) await wait(5);
    });
  `);
  expect(end).toEqual({ code: null, by: "SIGHUP", left: [] });
});

it.each(["SIGINT", "SIGHUP"])("%s while the folder is removed leaves no half of it", async (name) => {
  const end = await worked(`
    const { rmSync } = fs;
    let first = true;
    fs.rmSync = (path, options) => {
      if (first) signalled("${name}");
      first = false;
      rmSync(path, options);
    };
    syncBuiltinESMExports();
    WORK
    await inTemporaryFolder("test", async (folder) => fs.writeFileSync(join(folder, "a"), ""));
  `);
  expect(end).toEqual({ code: null, by: name, left: [] });
});
