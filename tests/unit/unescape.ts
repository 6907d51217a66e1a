const NAMED: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", "\\": "\\" };

/** The way back from escapeText(), by the table in lib/tool/text/escape.ts. */
export function unescapeText(escaped: string): string {
  return escaped.replace(
    /\\(?:([ntr\\])|x([0-9a-f]{2})|u\{([0-9a-f]+)\})/g,
    (_, name, byte, code) => {
      if (name !== undefined) return NAMED[name];
      if (code !== undefined) return String.fromCodePoint(parseInt(code, 16));
      const value = parseInt(byte, 16);
      return String.fromCharCode(value < 0x80 ? value : 0xdc00 + value);
    },
  );
}
