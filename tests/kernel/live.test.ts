/** The live screen of tools that print tables, in a real terminal. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { delay, kernelTest, startCommand } from "./harness.ts";

const PROMPT = "ready>";

/** A shell in a terminal of 90 columns and 14 lines. */
class Terminal implements AsyncDisposable {
  readonly #name = `denobpf-live-${crypto.randomUUID()}`;
  #runs = 0;

  tmux(...args: string[]) {
    return startCommand(["tmux", "-L", this.#name, "-f", "/dev/null", ...args]).finish();
  }

  async start(): Promise<void> {
    const shell = `env PS1='${PROMPT} ' TERM=xterm bash --norc --noprofile`;
    await this.tmux("new-session", "-d", "-x", "90", "-y", "14", shell);
    await this.until(PROMPT);
  }

  /** Runs a command and returns what it printed. The end of one before it may be on the screen still. */
  async run(command: string): Promise<string> {
    const end = `end-of-${++this.#runs}`;
    await this.tmux("send-keys", `clear; ${command}; echo end-of-$((${this.#runs}))`, "Enter");
    const screen = await this.until(end);
    return screen.slice(0, screen.indexOf(end)).trim();
  }

  async keys(...keys: string[]): Promise<void> {
    await this.tmux("send-keys", ...keys);
  }

  async screen(): Promise<string> {
    return (await this.tmux("capture-pane", "-p")).stdout;
  }

  async until(wanted: string | RegExp): Promise<string> {
    for (let tries = 0; tries < 1200; tries++) {
      const screen = await this.screen();
      if (typeof wanted === "string" ? screen.includes(wanted) : wanted.test(screen)) return screen;
      await delay(50);
    }
    throw new Error(`The screen never showed ${wanted}:\n${await this.screen()}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.tmux("kill-server");
  }
}

const top = `${Deno.execPath()} run --allow-ffi --allow-read tools/syscount.ts --top`;

/** The first words and the numbers of the rows. */
function rows(screen: string): [string, number][] {
  return screen.split("\n").slice(2).filter((line) => /^\S+ +\d+$/.test(line))
    .map((line) => line.split(/ +/)).map(([name, count]) => [name, Number(count)]);
}

function isSorted<T>(values: readonly T[], before: (a: T, b: T) => boolean): boolean {
  return values.every((value, at) => at === 0 || before(values[at - 1], value));
}

kernelTest("the live screen shows a table, sorted, as high as the terminal", {}, async () => {
  await using terminal = new Terminal();
  await terminal.start();
  await terminal.keys(`${top} -i 0.3`, "Enter");
  const screen = await terminal.until(/sorted by COUNT.*\nSYSCALL {16} +COUNT\n(\S+ +\d+\n){5}/);
  assertMatch(screen, /^\d\d:\d\d:\d\d {2}sorted by COUNT {2}< > sort/);
  assertEquals(screen.trimEnd().split("\n").length <= 14, true);
  assert(isSorted(rows(screen), ([, a], [, b]) => a >= b), screen);
});

kernelTest("keys change the sort, turn it round, pause and quit", {}, async () => {
  await using terminal = new Terminal();
  await terminal.start();
  await terminal.keys(`${top} -i 0.3`, "Enter");
  await terminal.until(/sorted by COUNT.*\n.*COUNT\n(\S+ +\d+\n){5}/);
  await terminal.keys("Left");
  const named = await terminal.until("sorted by SYSCALL upwards");
  assert(isSorted(rows(named), ([a], [b]) => a <= b), named);
  await terminal.keys("r");
  const downwards = await terminal.until("sorted by SYSCALL  ");
  assert(isSorted(rows(downwards), ([a], [b]) => a >= b), downwards);
  await terminal.keys(">");
  await terminal.until("sorted by COUNT  ");
  await terminal.keys("Space");
  const paused = await terminal.until("PAUSED");
  await delay(700);
  assertEquals(await terminal.screen(), paused);
  await terminal.keys("q");
  await terminal.until(PROMPT);
});

for (const end of ["q", "C-c", "kill -TERM", "kill -HUP", "a second signal"]) {
  kernelTest(`the terminal is as before when ${end} ends the live screen`, {}, async () => {
    await using terminal = new Terminal();
    await terminal.start();
    const before = await terminal.run("echo untouched; stty -g");
    await terminal.keys(`${top} & fg`, "Enter");
    await terminal.until("sorted by COUNT");
    if (end === "q" || end === "C-c") await terminal.keys(end);
    else {
      const { stdout } = await terminal.tmux("display", "-p", "#{pane_pid}");
      const signals = end === "a second signal" ? ["TERM", "TERM"] : [end.replace("kill -", "")];
      for (const signal of signals) {
        await startCommand(["pkill", `-${signal}`, "-P", stdout.trim()]).finish();
      }
    }
    // a prompt with nothing behind it: the shell reads again, and what is typed is not the tool's
    const screen = await terminal.until(/untouched[^]*\nready>\s*$/);
    assert(!screen.includes("sorted by"), screen);
    assertStringIncludes(before, await terminal.run("stty -g"));
    // The cursor is visible, and lines break again.
    const flags = (await terminal.tmux("display", "-p", "#{cursor_flag} #{wrap_flag}")).stdout;
    assertEquals(flags, "1 1\n");
  });
}

kernelTest("Ctrl-Z gives the terminal back, and fg takes it again", {}, async () => {
  await using terminal = new Terminal();
  await terminal.start();
  await terminal.keys(`${top} -i 0.3`, "Enter");
  await terminal.until("sorted by COUNT");
  await terminal.keys("C-z");
  const shell = await terminal.until("Stopped");
  assert(!shell.includes("sorted by"), shell);
  assertMatch(await terminal.run("echo typed"), /typed/);
  await terminal.keys("fg", "Enter");
  await terminal.until(/sorted by COUNT.*\nSYSCALL +COUNT\n(\S+ +\d+\n){3}/);
  await terminal.keys("<");
  await terminal.until("sorted by SYSCALL upwards");
});

kernelTest("another size of the window is filled at once", {}, async () => {
  await using terminal = new Terminal();
  await terminal.start();
  await terminal.keys(`${top} -i 60`, "Enter");
  await terminal.until("sorted by COUNT");
  await terminal.tmux("resize-window", "-x", "40", "-y", "6");
  const screen = await terminal.until(/^\d\d:\d\d:\d\d {2}sorted by COUNT.{0,17}\nSYSCALL/);
  assert(screen.trimEnd().split("\n").length <= 6);
});

kernelTest(
  "biotop has a screen of its own on a terminal, unless -C says otherwise",
  {},
  async () => {
    await using terminal = new Terminal();
    await terminal.start();
    const biotop = `${Deno.execPath()} run --allow-ffi --allow-read tools/biotop.ts`;
    await terminal.keys(`${biotop}; echo end-$((40 + 2))`, "Enter");
    await terminal.until("q quit");
    await terminal.keys("q");
    await terminal.until("end-42");
    assertStringIncludes(
      await terminal.run(`${biotop} -C -r 3 1 1`),
      "Tracing... Output every 1 secs. Hit Ctrl-C to end",
    );
  },
);
