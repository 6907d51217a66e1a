/** `@std/yaml` with its types. */
// @ts-types="./yaml.d.ts"
export * from "deno-std/yaml";
