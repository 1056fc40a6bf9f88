import { runDeveloperProgram } from "../cli/developer-program.js";
import { createBenchProgram } from "./program.js";

const out = (text: string) => console.log(text);
const err = (text: string) => console.error(text);

await runDeveloperProgram(createBenchProgram({ out, err }));
