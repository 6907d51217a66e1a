/** `@std/assert` with its types: the import map leads here. */
// @ts-types="./assert.d.ts"
export * from "deno-std/assert";
