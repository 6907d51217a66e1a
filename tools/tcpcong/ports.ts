import { type Parser, port, quoted, ValueError } from "#lib/tool/mod.ts";

/** A port, or a range of them, in either order: `80`, `3000-3006`. */
export const ports: Parser<readonly number[]> = (text) => {
  const [from, to = from, ...rest] = text.split("-").map(port);
  if (rest.length > 0) {
    throw new ValueError(`${quoted(text)} is no range of ports, such as 3000-3006`);
  }
  const first = Math.min(from, to);
  return Array.from({ length: Math.abs(to - from) + 1 }, (_, at) => first + at);
};
