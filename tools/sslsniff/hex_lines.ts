/** This many bytes are in a line. */
const WIDTH = 16;

/**
 * Bytes as hexdump(1) -C has them: the offset, each byte, and what is printable of them.
 * @param base64 the bytes
 */
export function hexLines(base64: string): string[] {
  const bytes = atob(base64);
  return Array.from({ length: Math.ceil(bytes.length / WIDTH) }, (_, line) => {
    const part = bytes.slice(line * WIDTH, (line + 1) * WIDTH);
    const hex = Array.from(part, (byte) => byte.charCodeAt(0).toString(16).padStart(2, "0"));
    const offset = (line * WIDTH).toString(16).padStart(8, "0");
    return `${offset}  ${hex.join(" ").padEnd(WIDTH * 3)} ${part.replace(/[^ -~]/g, ".")}`;
  });
}
