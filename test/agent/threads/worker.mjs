// A worker for the tests of the crew: adds to shared counters, and on request dies or stalls.
import { member, serve } from "#dist/agent/threads/serve.js";

const { counts, started, stuck } = member.data;
let factor = 1;

await serve({
  message: (value) => {
    factor = value;
  },
  chunk: async (chunk, [command]) => {
    Atomics.add(started, 0, 1);
    Atomics.notify(started, 0);
    if (command === 1) throw new Error("told to fail");
    if (command === 2) process.exit(7);
    if (command === 3) Atomics.wait(stuck, 0, 0);
    if (command === 5) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
    if (command === 4) await new Promise((resolve) => setImmediate(resolve));
    Atomics.add(counts, chunk, factor);
  },
});
