import { sendSignal } from "../../sys/child_process.ts";
import type { ByteOutput } from "../text/bytes.ts";
import { ExitCode, ExitError } from "../ending/exit.ts";

/** From include/uapi/asm-generic/signal.h. */
const SIGSTOP = 19;

/** Control sequences of ECMA-48 and xterm: another screen, no cursor, no line breaks; and back. */
const ENTER = "\x1b[?1049h\x1b[?25l\x1b[?7l";
const LEAVE = "\x1b[?7h\x1b[?25h\x1b[?1049l";
const HOME = "\x1b[H";
const CLEAR_LINE = "\x1b[K";
const CLEAR_BELOW = "\x1b[J";

/** Rows of a terminal that does not know how many it has: 24, as terminfo(5) has it for most. */
const ROWS = 24;

/** What the arrow keys to the left and right send, in a terminal's two modes. */
const LEFT = ["\x1b[D", "\x1bOD"];
const RIGHT = ["\x1b[C", "\x1bOC"];

/** Is called when something happens on the terminal. */
interface Listener {
  /** A key's character; `<` and `>` also for the arrow keys to the left and right. */
  key(key: string): void;
  /** The window has another size, or its content is gone. */
  redraw(): void;
}

/** @throws {ExitError} (64) where there is none to read from and to write to */
export function requireTerminal(): void {
  if (Deno.stdin.isTerminal() && Deno.stdout.isTerminal()) return;
  throw new ExitError(ExitCode.Usage, "a live screen needs a terminal for input and output");
}

/**
 * The terminal as a screen of its own: keys come at once and unseen, and what was there before comes
 * back at the end, however the tool ends, and while it is stopped (Ctrl-Z).
 */
export class Screen implements Disposable {
  readonly #out: ByteOutput;
  readonly #listener: Listener;
  readonly #handlers: readonly (readonly [Deno.Signal, () => void])[];
  readonly #leave = () => this.#setEntered(false);
  #entered = false;

  constructor(out: ByteOutput, listener: Listener) {
    this.#out = out;
    this.#listener = listener;
    this.#handlers = [
      ["SIGWINCH", () => listener.redraw()],
      ["SIGTSTP", () => this.#stop()],
      ["SIGCONT", () => this.#continue()],
    ];
    for (const [name, handler] of this.#handlers) Deno.addSignalListener(name, handler);
    // Deno.exit(), which a second Ctrl-C calls, and errors that nobody catches end here as well.
    globalThis.addEventListener("unload", this.#leave);
    this.#setEntered(true);
    void this.#readKeys();
  }

  /** Shows `lines`, as many as there is room for. */
  draw(lines: readonly string[]): void {
    if (!this.#entered) return;
    const shown = lines.slice(0, Deno.consoleSize().rows || ROWS);
    this.#write(HOME + shown.map((line) => line + CLEAR_LINE).join("\r\n") + CLEAR_BELOW);
  }

  [Symbol.dispose](): void {
    for (const [name, handler] of this.#handlers) Deno.removeSignalListener(name, handler);
    globalThis.removeEventListener("unload", this.#leave);
    this.#leave();
  }

  #setEntered(entered: boolean): void {
    if (this.#entered === entered) return;
    this.#entered = entered;
    Deno.stdin.setRaw(entered, { cbreak: entered }); // with cbreak Ctrl-C stays a signal
    this.#write(entered ? ENTER : LEAVE);
  }

  /** A terminal that takes no more loses what it was to show: the next drawing is a whole one again. */
  #write(text: string): void {
    this.#out.string(text);
    if (!this.#out.flush()) this.#out.cut(0);
  }

  #stop(): void {
    this.#setEntered(false);
    sendSignal(Deno.pid, SIGSTOP);
  }

  /** A shell sets the terminal's mode itself when it stops a job. */
  #continue(): void {
    this.#setEntered(false);
    this.#setEntered(true);
    this.#listener.redraw();
  }

  async #readKeys(): Promise<void> {
    const buffer = new Uint8Array(64);
    const decoder = new TextDecoder();
    for (let length; (length = await Deno.stdin.read(buffer)) !== null;) {
      let keys = decoder.decode(buffer.subarray(0, length), { stream: true });
      for (const sequence of LEFT) keys = keys.replaceAll(sequence, "<");
      for (const sequence of RIGHT) keys = keys.replaceAll(sequence, ">");
      for (const key of keys) this.#listener.key(key);
    }
  }
}
