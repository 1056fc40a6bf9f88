import { serve } from "../threads/serve.js";
import { Head } from "./head.js";
import { type HeadMessage, PASSES } from "./head-threads.js";

let head: Head | undefined;

await serve({
  message: (message) => {
    const { shape, memory } = message as HeadMessage;
    head = new Head(shape, memory);
  },
  chunk: (chunk, [pass]) => head![PASSES[pass]](chunk),
});
