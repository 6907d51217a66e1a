import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { delay, kernelTest, startCommand } from "./harness.ts";

const workload = new URL("../../build/tests/execs", import.meta.url).pathname;

/** A terminal of 80 columns, of which the screen can be read, with its colours as escapes. */
class Terminal implements AsyncDisposable {
  readonly #name = `denobpf-screen-${crypto.randomUUID()}`;

  tmux(...args: string[]) {
    return startCommand(["tmux", "-L", this.#name, "-f", "/dev/null", ...args]).finish();
  }

  async start(command: string): Promise<void> {
    const environment = ["env", "-u", "NO_COLOR", "TERM=xterm"];
    await this.tmux(
      "new-session",
      "-d",
      "-x",
      "80",
      "-y",
      "24",
      [...environment, command].join(" "),
    );
  }

  async screen(): Promise<string> {
    return (await this.tmux("capture-pane", "-p", "-e")).stdout;
  }

  async until(text: string): Promise<string> {
    for (let tries = 0; tries < 1200; tries++) {
      const screen = await this.screen();
      if (screen.includes(text)) return screen;
      await delay(50);
    }
    throw new Error(`The screen never showed "${text}":\n${await this.screen()}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.tmux("kill-server");
  }
}

const execsnoop = (options: string) =>
  `${Deno.execPath()} run --allow-ffi --allow-read tools/execsnoop.ts ${options}`;

kernelTest("on a terminal the header is dim, failures red, and long lines cut", {}, async () => {
  await using terminal = new Terminal();
  await terminal.start(execsnoop("-x -n execs"));
  await terminal.until("PCOMM");
  await new Deno.Command(workload, { args: ["fail", "failmany"] }).output();
  const screen = await terminal.until("argument01");
  const lines = screen.split("\n");
  assertStringIncludes(lines[0], "\x1b[2mPCOMM");
  // The screen has a colour once, where it begins.
  const [first, many] = lines.filter((line) => line.includes("/nonexistent/"));
  assertStringIncludes(first, "\x1b[31m");
  assertStringIncludes(first, "/nonexistent/file a b");
  assertStringIncludes(many, "/nonexistent/many argument01");
  assertEquals(many.replaceAll("\x1b[39m", "").length, 80);
  assert(/[…>]/.test(many), many);
});

kernelTest("--no-color leaves the terminal without colours", {}, async () => {
  await using terminal = new Terminal();
  await terminal.start(execsnoop("-x -n execs --no-color"));
  await terminal.until("PCOMM");
  await new Deno.Command(workload, { args: ["fail"] }).output();
  const screen = await terminal.until("/nonexistent/file a b");
  assert(!screen.includes("\x1b["), screen);
});
