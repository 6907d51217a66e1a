import { assertEquals, assertMatch } from "@std/assert";
import fc from "../fast_check.ts";
import { decodeText, encodeText } from "#lib/sys/text.ts";
import { shellQuote } from "#lib/tool/text/quote.ts";

/** What a program gets that bash starts with `words` as its arguments. */
function bytesInBash(words: readonly string[], locale: string): number[][] {
  const script = new Deno.Command("bash", {
    args: ["--norc", "-c", `printf '%s\\0' ${words.join(" ")}`],
    clearEnv: true,
    env: { LC_ALL: locale, PATH: "/usr/bin:/bin" },
  });
  const { stdout, success } = script.outputSync();
  assertEquals(success, true);
  const found: number[][] = [[]];
  for (const byte of stdout) {
    if (byte === 0) found.push([]);
    else found.at(-1)!.push(byte);
  }
  return found.slice(0, -1);
}

function roundTrip(args: readonly Uint8Array[], locale: string): void {
  const words = args.map((bytes) => shellQuote(decodeText(bytes, 0, bytes.length)));
  for (const word of words) assertMatch(word, /^[^\p{C}]+$/u);
  assertEquals(bytesInBash(words, locale), args.map((bytes) => [...bytes]));
}

Deno.test("shellQuote() leaves what a shell takes as it is", () => {
  for (const word of ["ls", "/usr/bin/python3.11", "-la", "--color=auto", "a,b:c@d%e+f_g", "..."]) {
    assertEquals(shellQuote(word), word);
  }
});

Deno.test("shellQuote() puts everything else in quotes", () => {
  assertEquals(shellQuote(""), "''");
  assertEquals(shellQuote("a b"), "'a b'");
  assertEquals(shellQuote("$HOME *"), "'$HOME *'");
  assertEquals(shellQuote("it's"), "'it'\\''s'");
  assertEquals(shellQuote("a\\b!"), "'a\\b!'");
  assertEquals(shellQuote("é 日"), "'é 日'");
});

Deno.test("shellQuote() quotes what would set a variable", () => {
  assertEquals(shellQuote("PATH=/tmp"), "'PATH=/tmp'");
  assertEquals(shellQuote("a+=b"), "'a+=b'");
  assertEquals(shellQuote("--a=b"), "--a=b");
});

Deno.test("shellQuote() writes control characters and invalid bytes as $'...'", () => {
  assertEquals(shellQuote("a\nb"), "$'a\\nb'");
  assertEquals(shellQuote("\x1b7'!\\"), "$'\\0337\\047\\041\\134'");
  assertEquals(shellQuote("\udcff\u202e"), "$'\\377\\342\\200\\256'");
});

for (const locale of ["C", "C.UTF-8"]) {
  Deno.test(`bash gives back every byte that shellQuote() wrote, alone and in company (${locale})`, () => {
    const bytes = Array.from({ length: 255 }, (_, at) => at + 1);
    roundTrip(bytes.map((byte) => Uint8Array.of(byte)), locale);
    roundTrip(bytes.map((byte) => Uint8Array.of(0x61, byte, 0x37)), locale);
    roundTrip(bytes.map((byte) => Uint8Array.of(byte, 0x0a, byte)), locale);
    roundTrip([Uint8Array.from(bytes)], locale);
  });

  Deno.test(`bash gives back any arguments that shellQuote() wrote (${locale})`, () => {
    const argument = fc.oneof(
      fc.uint8Array({ min: 1, maxLength: 20 }),
      fc.string({ unit: "grapheme", minLength: 1 }).map((text) =>
        encodeText(text.replaceAll("\0", "0"))
      ),
    );
    const args = fc.array(argument, { minLength: 1, maxLength: 200 });
    fc.assert(fc.property(args, (args) => roundTrip(args, locale)), { numRuns: 20 });
  });
}
