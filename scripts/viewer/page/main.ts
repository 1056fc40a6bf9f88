import type { EmbeddedData } from "../payload.js";
import { embeddedSource, servedSource } from "./data.js";
import { Viewer } from "./viewer.js";

const embedded = document.getElementById("embedded")?.textContent;
const source = embedded ? embeddedSource(JSON.parse(embedded) as EmbeddedData) : servedSource();
const viewer = new Viewer(source, document.body);
// For the console and for tests: what is drawn now.
Object.assign(globalThis, { viewer });
void viewer.start();
