export * from "./head";
