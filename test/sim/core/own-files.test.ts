import { execFileSync } from "node:child_process";
import {
  closeSync,
  constants,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { InputError } from "../../../sim/core/errors.js";
import {
  checkOwnFolder,
  folderInside,
  openOwnFile,
  readRegularFile,
  removeOwnFile,
} from "../../../sim/core/own-files.js";
import { temporaryFolder } from "../../files.js";

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);
beforeAll(() => {
  writeFileSync(at("plain"), "content");
  mkdirSync(at("folder"));
  symlinkSync(at("plain"), at("link"));
  symlinkSync(at("folder"), at("linked-folder"));
  symlinkSync(at("nowhere"), at("dangling"));
  symlinkSync("/dev/zero", at("endless"));
  execFileSync("mkfifo", [at("pipe")]);
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("reading", () => {
  it("takes a regular file, also by a link", () => {
    expect(readRegularFile(at("plain"), 7).toString()).toBe("content");
    expect(readRegularFile(at("link"), 7).toString()).toBe("content");
  });

  it("refuses what is larger, before it takes memory", () => {
    expect(() => readRegularFile(at("plain"), 6)).toThrow(
      /plain is too large; got 7 bytes; expected at most 6/,
    );
    writeFileSync(at("sparse"), "");
    truncateSync(at("sparse"), 2 ** 40);
    expect(() => readRegularFile(at("sparse"), 2 ** 20)).toThrow(InputError);
  });

  it.each([
    ["pipe", "a pipe"],
    ["endless", "a device"],
    ["folder", "a folder"],
    ["linked-folder", "a folder"],
  ])("never waits for a %s", (name, kind) => {
    expect(() => readRegularFile(at(name), 100)).toThrow(InputError);
    expect(() => readRegularFile(at(name), 100)).toThrow(`got ${kind}; expected a regular file`);
  });

  it("leaves a missing file to the caller", () => {
    expect(() => readRegularFile(at("none"), 100)).toThrow(expect.objectContaining({ code: "ENOENT" }));
  });
});

describe("writing", () => {
  const WRITE = constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND;

  it("opens and makes files of its own", () => {
    closeSync(openOwnFile(at("made"), WRITE));
    expect(readFileSync(at("made"), "utf8")).toBe("");
  });

  it.each(["link", "dangling", "pipe", "folder"])("refuses a %s", (name) => {
    expect(() => openOwnFile(at(name), WRITE)).toThrow(InputError);
    expect(() => openOwnFile(at(name), WRITE)).toThrow(/is not a file of its own/);
    expect(readFileSync(at("plain"), "utf8")).toBe("content");
  });
});

describe("folders and removal", () => {
  it("a folder inside is one itself, no link to one", () => {
    expect(folderInside(folder, "folder")).toBe(at("folder"));
    expect(() => folderInside(folder, "linked-folder")).toThrow(/got a link to another place/);
    expect(() => folderInside(folder, "plain")).toThrow(/got a file/);
    expect(() => folderInside(folder, "none")).toThrow(/got nothing there/);
  });

  it("takes a folder that need not be there as itself or not at all", () => {
    for (const name of ["folder", "none"]) checkOwnFolder(folder, name);
    for (const name of ["linked-folder", "dangling"]) {
      expect(() => checkOwnFolder(folder, name)).toThrow(/got a link to another place/);
    }
    expect(() => checkOwnFolder(folder, "plain")).toThrow(/got a file/);
  });

  it("removes a file or a link, and neither what it leads to nor a folder", () => {
    writeFileSync(at("gone"), "");
    symlinkSync(at("plain"), at("gone-link"));
    for (const name of ["gone", "gone-link", "folder", "none"]) removeOwnFile(at(name));
    expect(readFileSync(at("plain"), "utf8")).toBe("content");
    expect(() => readFileSync(at("gone"))).toThrow("ENOENT");
    expect(() => readFileSync(at("gone-link"))).toThrow("ENOENT");
    expect(folderInside(folder, "folder")).toBe(at("folder"));
  });
});
