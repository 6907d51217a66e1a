/** YAML, as tests read it; the npm mirror of @std/yaml ships no types. */

/** @throws {SyntaxError} it is no YAML */
// deno-lint-ignore no-explicit-any
export function parse(text: string): any;
