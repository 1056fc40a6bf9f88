import { parentPort } from "node:worker_threads";

/** Stands for the thread that reads episodes: the path says what becomes of it. */
parentPort.on("message", ({ path }) => {
  if (path === "loop") for (;;);
  if (path === "throw") throw new Error("no more");
  if (path === "memory") {
    const taken = [];
    for (;;) taken.push(new Array(1e5).fill({}).map((_, i) => ({ i })));
  }
  if (path === "bug") parentPort.postMessage({ broken: "Error: at here" });
  else parentPort.postMessage({ body: new TextEncoder().encode(path) });
});
