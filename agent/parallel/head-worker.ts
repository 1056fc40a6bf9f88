import { Head } from "../kernel/head.js";
import { type HeadMessage, PASSES } from "./head-threads.js";
import { serve } from "./serve.js";

let head: Head | undefined;

await serve({
  message: (message) => {
    const { shape, memory } = message as HeadMessage;
    head = new Head(shape, memory);
  },
  chunk: (chunk, [pass]) => head![PASSES[pass]](chunk),
});
