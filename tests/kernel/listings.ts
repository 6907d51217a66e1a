/** Takes listings out of the pages, so that what they show is what is tested. */

const root = new URL("../../", import.meta.url).pathname;

/** A code block of a page. */
export interface Listing {
  /** `sh`, `ts`; empty for what is shown as output. */
  readonly language: string;
  /** What stands behind the language: `ignore`, `file=watch.ts`. */
  readonly note: string;
  readonly text: string;
}

/** All code blocks of a page, in their order. */
export function listings(page: string): Listing[] {
  const blocks = Deno.readTextFileSync(root + page).matchAll(/^```(\w*) ?([^\n]*)\n(.*?)^```/gms);
  return [...blocks].map(([, language, note, text]) => ({ language, note, text }));
}

/** The programs that make has found: `clang := clang-19`. */
export function program(name: string): string {
  const config = Deno.readTextFileSync(`${root}build/config.mk`);
  return new RegExp(`^${name} := (.*)$`, "m").exec(config)![1];
}
