import { serve } from "../threads/serve.js";
import { Head } from "./head.js";
import { type HeadMessage, PASSES } from "./head-threads.js";

let head: Head | undefined;

await serve({
  message: (message) => {
    const { shape, memory, instructions } = message as HeadMessage;
    head = new Head(shape, memory, instructions);
  },
  chunk: (chunk, parameters) => {
    const [pass] = parameters as readonly [number];
    if (head === undefined) throw new Error("No head has been shared with this thread.");
    head[PASSES[pass]!](chunk);
  },
});
