import { assert, assertEquals, assertMatch } from "@std/assert";
import fc from "../fast_check.ts";
import { decodeText, encodeText } from "#lib/sys/text.ts";
import { escapeLines, escapeText } from "#lib/tool/text/escape.ts";
import { jsonText } from "#lib/tool/text/json_text.ts";
import { RawText } from "#lib/sys/raw_text.ts";
import { ByteOutput, Constant } from "#lib/tool/text/bytes.ts";
import { RawWords } from "#lib/tool/text/words.ts";
import { unescapeText } from "./unescape.ts";

const text = (...bytes: number[]) => decodeText(Uint8Array.from(bytes), 0, bytes.length);

Deno.test("escapeText() leaves printable text of any script as it is", () => {
  for (
    const plain of ["", "bash", '/usr/bin/[ -f "x" ]', "naïve", "日本語", "Ω≈ç√", "🦕", "e\u0301"]
  ) {
    assertEquals(escapeText(plain), plain);
  }
});

Deno.test("escapeText() writes control characters so that a terminal does not obey them", () => {
  assertEquals(escapeText("a\nb\tc\rd"), "a\\nb\\tc\\rd");
  assertEquals(escapeText("\x1b[31mred\x07\x7f\x01"), "\\x1b[31mred\\x07\\x7f\\x01");
  assertEquals(escapeText("\u009b31m\u0085"), "\\u{9b}31m\\u{85}");
});

Deno.test("escapeText() shows characters that hide or reorder text", () => {
  assertEquals(escapeText("exe\u202egpj"), "exe\\u{202e}gpj");
  assertEquals(
    escapeText("a\u200bb\u2066c\ufeffd\u00ade"),
    "a\\u{200b}b\\u{2066}c\\u{feff}d\\u{ad}e",
  );
  assertEquals(escapeText("a\u00a0b\u2028c\u3164d"), "a\\u{a0}b\\u{2028}c\\u{3164}d");
  assertEquals(escapeText("\u{e0041}\u{f0000}"), "\\u{e0041}\\u{f0000}");
});

Deno.test("escapeText() shows bytes that are not UTF-8, apart from the characters they resemble", () => {
  assertEquals(escapeText(text(0x61, 0x80, 0xff)), "a\\x80\\xff");
  assertEquals(escapeText(text(0xc2, 0x80)), "\\u{80}");
  assertEquals(escapeText("\ud800"), "\\u{d800}");
});

Deno.test("escapeText() doubles the backslash, so that its result has one meaning", () => {
  assertEquals(escapeText("\\n"), "\\\\n");
  assertEquals(escapeText("\n"), "\\n");
  assertEquals(escapeText("\\é"), "\\\\é");
});

Deno.test("escapeText() can be undone for any bytes, and gives one safe line", () => {
  fc.assert(fc.property(fc.uint8Array({ min: 1, maxLength: 40 }), (bytes) => {
    const escaped = escapeText(decodeText(bytes, 0, bytes.length));
    assertMatch(escaped, /^[^\p{C}\p{Zl}\p{Zp}]*$/u);
    assertEquals([...encodeText(unescapeText(escaped))], [...bytes]);
  }));
});

Deno.test("escapeLines() keeps line breaks and backslashes, and nothing else that moves a cursor", () => {
  assertEquals(escapeLines("a\\b\n\x1b[2Jc\r"), "a\\b\n\\x1b[2Jc\\r");
});

Deno.test("the slow pattern is asked about a character once, however often it comes", () => {
  const { test } = RegExp.prototype;
  let asked = 0;
  RegExp.prototype.test = function (this: RegExp, text: string) {
    if (this.unicodeSets) asked++;
    return test.call(this, text);
  };
  try {
    const odd = {
      "\udcff": "\\xff",
      "\x1b": "\\x1b",
      "\u202e": "\\u{202e}",
      "日": "日",
      "\\": "\\\\",
    };
    for (const [character, shown] of Object.entries(odd)) {
      asked = 0;
      assertEquals(escapeText(character.repeat(7901)), shown.repeat(7901));
      assertEquals(escapeText(`a${character}b`.repeat(101)), `a${shown}b`.repeat(101));
      assert(asked <= 1, `${shown}: ${asked} times`);
    }
  } finally {
    RegExp.prototype.test = test;
  }
});

Deno.test("no escape is longer than the room for it", () => {
  const points = fc.nat(0x10ffff).map((point) => String.fromCodePoint(point));
  fc.assert(fc.property(fc.array(points, { maxLength: 3 }), (characters) => {
    const text = characters.join("").repeat(2000);
    assertEquals(encodeText(unescapeText(escapeText(text))), encodeText(text));
    assertEquals(JSON.parse(jsonText(text)), text);
  }));
});

/** Any characters, and bytes between them that are none. */
const oddBytes = fc.array(
  fc.oneof(
    fc.string({ unit: "binary", minLength: 1, maxLength: 3 }).map((text) => encodeText(text)),
    fc.uint8Array({ minLength: 1, maxLength: 3 }),
  ),
  { maxLength: 8 },
).map((parts) => Uint8Array.from(parts.flatMap((part) => [...part])));

Deno.test("bytes are escaped as their text is, in tables and in JSON", () => {
  const start = new Constant('"');
  fc.assert(
    fc.property(oddBytes, fc.nat(3), (bytes, before) => {
      let written = "";
      const out = new ByteOutput((chunk) => {
        written += new TextDecoder().decode(chunk);
        return chunk.length;
      });
      // Behind it are bytes that would go on with its last character.
      const memory = Uint8Array.of(...new Uint8Array(before), ...bytes, 0x80, 0x80, 0x80);
      const text = new RawText().place(memory, before, before + bytes.length);
      out.escaped(text);
      out.json(start, text);
      out.flush();
      assertEquals(written, escapeText(String(text)) + jsonText(String(text)));
    }),
    { numRuns: 1000 },
  );
});

Deno.test("words of any bytes are written as their strings are", () => {
  const between = new Constant('","');
  fc.assert(
    fc.property(oddBytes, fc.integer({ min: 1, max: 4 }), (bytes, most) => {
      let written = "";
      const out = new ByteOutput((chunk) => {
        written += new TextDecoder().decode(chunk);
        return chunk.length;
      });
      const words = Object.assign(new RawWords(), { most }).place(bytes, 0, bytes.length);
      fc.pre(bytes.length > 0);
      out.words(words);
      out.string("\n");
      out.list(words, between);
      out.flush();
      const strings = words.strings();
      const list = strings.map((word) => jsonText(word).slice(1, -1)).join('","');
      assertEquals(written, `${escapeText(strings.join(" "))}\n${list}`);
    }),
    { numRuns: 1000 },
  );
});
