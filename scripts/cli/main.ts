#!/usr/bin/env node
import { addressSpaceIsShort, runReservingLittle } from "./address-space.js";

if (addressSpaceIsShort()) await runReservingLittle();
else {
  // Only now: what it loads reserves memory of its own.
  const { runCommand } = await import("./command-process.js");
  await runCommand();
}
