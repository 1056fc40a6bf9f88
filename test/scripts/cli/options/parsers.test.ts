import { Command } from "commander";
import { expect, it } from "vitest";
import {
  countingNumber,
  jobCount,
  methodList,
  portNumber,
  processorCount,
  repeatable,
  seedList,
  slurmMemory,
  tryCount,
  wholeNumber,
} from "../../../../scripts/cli/options/parsers.js";

it("lists on the command line are read", () => {
  expect(seedList("1,3-5, 4")).toEqual([1, 3, 4, 5]);
  for (const bad of ["", "1,", "5-3", "x", "4294967296"]) {
    expect(() => seedList(bad), bad).toThrow(/Expected seeds/);
  }
  expect(seedList("1-1000")).toHaveLength(1000);
  for (const many of ["1-2000", "1-600,601-1200", "0-4294967295"]) {
    expect(() => seedList(many), many).toThrow(/at most 1000 seeds; these are \d+/);
  }
  expect(methodList("a, b")).toEqual(["a", "b"]);
  expect(() => methodList("a,")).toThrow(/Expected methods/);
});

it("numbers on the command line are read", () => {
  expect(wholeNumber("0")).toBe(0);
  expect(wholeNumber("4294967295")).toBe(4294967295);
  expect(countingNumber("12")).toBe(12);
  expect(portNumber("8080")).toBe(8080);
  expect(jobCount("1000")).toBe(1000);
  for (const bad of ["", "-1", "1.5", "1e3", "x", "4294967296"]) {
    expect(() => wholeNumber(bad), bad).toThrow(/Expected a whole number from 0/);
  }
  for (const bad of ["0", "1001", "4294967295", "x"]) {
    expect(() => jobCount(bad), bad).toThrow(/Expected a whole number from 1 to 1000/);
    expect(() => processorCount(bad), bad).toThrow(/Expected a number of processors from 1 to 1000/);
    expect(() => tryCount(bad), bad).toThrow(/Expected a number of tries from 1 to 1000/);
  }
  for (const bad of ["0", "65536"]) expect(() => portNumber(bad), bad).toThrow(/Expected a port/);
  expect(() => countingNumber("0")).toThrow(/Expected a whole number from 1/);
});

it("a repeated option keeps all its values", () => {
  const program = new Command().addOption(repeatable("--set <x>", "a setting")).exitOverride();
  expect(program.opts().set).toEqual([]);
  expect(program.parse(["--set", "a", "--set", "b"], { from: "user" }).opts().set).toEqual(["a", "b"]);
  expect(program.helpInformation()).toContain("a setting; repeatable (default: none)");
});

it("memory is read as Slurm reads it", () => {
  // Slurm takes no fractions.
  expect(slurmMemory("3000001K") / 2 ** 20).toBe(2930);
  expect(["800", "800M", "4G", "1t", "2048K", "2GB"].map((text) => slurmMemory(text) / 2 ** 20)).toEqual([
    ...[800, 800, 4096, 2 ** 20, 2, 2048],
  ]);
  for (const bad of ["", "0", "4.5G", "12X", "512K", "G"]) {
    expect(() => slurmMemory(bad), bad).toThrow(/Expected memory of at least 1M/);
  }
});
