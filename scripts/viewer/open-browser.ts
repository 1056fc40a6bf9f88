import { spawn } from "node:child_process";
import { platform } from "node:os";

/** The command that opens an address in the default browser. */
export function browserCommand(url: string, system: NodeJS.Platform): readonly [string, ...string[]] {
  if (system === "darwin") return ["open", url];
  if (system === "win32") return ["rundll32", "url.dll,FileProtocolHandler", url];
  return ["xdg-open", url];
}

/** Opens an address in the default browser; without one says so. */
export function openBrowser(url: string, warn: (text: string) => void): void {
  const [command, ...args] = browserCommand(url, platform());
  const child = spawn(command, args, { stdio: "ignore", detached: true });
  child.on("error", ({ message }) => warn(`no browser could be opened (${message}); open ${url} yourself`));
  child.unref();
}
