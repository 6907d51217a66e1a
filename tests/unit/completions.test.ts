import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { completionScript, type Shell, shells } from "#lib/tool/options/completions.ts";
import type { CompletedCommand } from "#lib/tool/options/completions/completed_command.ts";
import {
  choice,
  flag,
  integer,
  list,
  operand,
  option,
  optional,
  text,
  user,
} from "#lib/tool/mod.ts";

const commands: CompletedCommand[] = [
  {
    name: "ticks",
    brief: "Count the timer's ticks: [one] by \\one",
    options: {
      time: flag("T", "Include the time: [HH:MM:SS], don't \\ guess"),
      output: option("o", "FORMAT", "Print as table, json or csv", choice("table", "json", "csv")),
      pid: list("p", "PID", "Count for this process only", integer(1, 10)),
      uid: option("u", "UID|NAME", "Count for this user only", user),
      cgroup: option("c", "PATH", "Count in this cgroup only", text),
      max_args: option("", "N", "Show at most N arguments", integer(1, 10)),
    },
  },
  {
    name: "tocks",
    brief: "Nothing",
    options: { seconds: { ...option("d", "N", "Stop after N seconds", text), alias: "duration" } },
    operands: { side: operand("SIDE", "Which side", choice("left", "right")) },
  },
  {
    name: "tacks",
    brief: "Files",
    options: {},
    operands: {
      file: operand("FILE", "Which file", text),
      count: optional("COUNT", "How many", integer(1, 10)),
    },
  },
];

function available(shell: string): boolean {
  try {
    return new Deno.Command(shell, { args: ["-c", "exit"] }).outputSync().success;
  } catch {
    return false;
  }
}

/** Runs a script in a shell that has read the completions. */
async function run(shell: Shell, script: string): Promise<string> {
  const { stdout } = await new Deno.Command(shell, {
    args: ["-c", `${completionScript(shell, "denobpf", commands)}\n${script}`],
  }).output();
  return new TextDecoder().decode(stdout).trimEnd();
}

/** What bash offers behind `line`, which it splits at blanks and before and after `=`. */
async function bash(line: string): Promise<string[]> {
  const words = line.split(/(=)| /).filter((word) => word !== undefined);
  const quoted = words.map((word) => `'${word}'`).join(" ");
  const out = await run(
    "bash",
    `COMP_WORDS=(${quoted}); COMP_CWORD=${words.length - 1}; _denobpf; echo "\${COMPREPLY[@]}"`,
  );
  return out.split(" ").filter((word) => word !== "");
}

/** What fish offers behind `line`, with the descriptions. */
async function fish(line: string): Promise<string[]> {
  return (await run("fish", `complete -C ${JSON.stringify(line)}`)).split("\n");
}

Deno.test("bash completes commands, options, choices and operands", async () => {
  assertEquals(await bash("denobpf t"), ["ticks", "tocks", "tacks"]);
  assertEquals(await bash("denobpf ti"), ["ticks"]);
  assertEquals(await bash("denobpf ticks --"), [
    ...["--time", "--output", "--pid", "--uid", "--cgroup", "--max-args"],
  ]);
  assertEquals(await bash("denobpf ticks --m"), ["--max-args"]);
  assertEquals(await bash("denobpf ticks -o "), ["table", "json", "csv"]);
  assertEquals(await bash("denobpf ticks --output j"), ["json"]);
  assertEquals(await bash("denobpf ticks --output="), ["table", "json", "csv"]);
  assertEquals(await bash("denobpf ticks --output=c"), ["csv"]);
  assertEquals(await bash("denobpf ticks --max-args "), [], "a number cannot be guessed");
  assertEquals(await bash("denobpf ticks -u roo"), ["root"]);

  assertEquals(await bash("denobpf ticks -c /etc/hostn"), ["/etc/hostname"]);
  assertEquals(await bash("denobpf tocks "), ["left", "right"]);
  assertEquals(await bash("denobpf tocks r"), ["right"]);
  assertEquals(await bash("denobpf tocks --"), ["--seconds", "--duration"]);
  assertEquals(await bash("denobpf tacks /etc/hostn"), ["/etc/hostname"]);
});

Deno.test({
  name: "fish completes the same, with descriptions",
  ignore: !available("fish"),
  fn: async () => {
    assertEquals(await fish("denobpf t"), [
      "tacks\tFiles",
      "ticks\tCount the timer's ticks: [one] by \\one",
      "tocks\tNothing",
    ]);
    assertEquals(await fish("denobpf ticks --t"), [
      "--time\tInclude the time: [HH:MM:SS], don't \\ guess",
    ]);
    const brief = "\tPrint as table, json or csv";
    assertEquals(await fish("denobpf ticks -o j"), [`json${brief}`]);
    assertEquals(await fish("denobpf ticks --output=c"), [`--output=csv${brief}`]);
    assertEquals(await fish("denobpf tocks "), ["left", "right"]);
    assertStringIncludes((await fish("denobpf tacks /etc/passw")).join(), "/etc/passwd");
    assertStringIncludes((await fish("denobpf ticks -u roo")).join(), "root");
    assertStringIncludes((await fish("denobpf ticks -c /etc/passw")).join(), "/etc/passwd");
  },
});

/** Types into a shell on a terminal until its screen shows `text`. */
async function screen(command: string, setup: string, keys: string[], text: string) {
  const socket = `denobpf-${crypto.randomUUID()}`; // a server that ends would not let another start
  const tmux = async (...args: string[]) => {
    const { stdout } = await new Deno.Command("tmux", { args: ["-L", socket, ...args] }).output();
    return new TextDecoder().decode(stdout);
  };
  const shown = async (text: string) => {
    for (let tries = 0; tries < 50; tries++) {
      const now = await tmux("capture-pane", "-p");
      if (now.includes(text)) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(`The screen never showed "${text}":\n${await tmux("capture-pane", "-p")}`);
  };
  await tmux("-f", "/dev/null", "new-session", "-d", "-x", "100", "-y", "24", command);
  try {
    await tmux("send-keys", `${setup}; echo rea''dy`, "Enter");
    await shown("ready");
    await tmux("send-keys", ...keys);
    await shown(text);
  } finally {
    await tmux("kill-server");
  }
}

async function onTerminal(shell: Shell, command: string, setup: string) {
  const file = Deno.makeTempFileSync();
  Deno.writeTextFileSync(file, completionScript(shell, "denobpf", commands));
  try {
    const source = `${setup}source ${file}`;
    await screen(command, source, ["denobpf ti", "Tab", "--outp", "Tab"], "denobpf ticks --output");
    await screen(command, source, ["denobpf ticks --output=j", "Tab"], "--output=json");
    await screen(command, source, ["denobpf tocks ri", "Tab"], "denobpf tocks right");
    await screen(command, source, ["denobpf tacks /etc/hostn", "Tab"], "tacks /etc/hostname");
  } finally {
    Deno.removeSync(file);
  }
}

Deno.test("a bash on a terminal completes what is typed", async () => {
  await onTerminal("bash", "bash --norc --noprofile", "");
});

Deno.test({
  name: "a zsh on a terminal completes what is typed, and shows descriptions",
  ignore: !available("zsh"),
  fn: async () => {
    const setup = "autoload -U compinit; compinit -u -D; ";
    await onTerminal("zsh", "zsh -f", setup);
    const file = Deno.makeTempFileSync();
    Deno.writeTextFileSync(file, completionScript("zsh", "denobpf", commands));
    const shown = "Include the time: [HH:MM:SS], don't \\ guess";
    await screen("zsh -f", `${setup}source ${file}`, ["denobpf ticks --", "Tab"], shown);
    Deno.removeSync(file);
  },
});

Deno.test("every script names how it was made, and its shell can parse it", async () => {
  for (const shell of shells) {
    const script = completionScript(shell, "denobpf", commands);
    const [first, second] = script.split("\n");
    const about = shell === "zsh" ? second : first;
    assert(about.startsWith(`# Completions of denobpf for ${shell}, made by: denobpf`));
    if (shell === "zsh") {
      assert(first.startsWith("#compdef denobpf "), "zsh looks at that line alone");
    }
    if (!available(shell)) continue;
    const file = Deno.makeTempFileSync();
    Deno.writeTextFileSync(file, script);
    const { success, stderr } = await new Deno.Command(shell, { args: ["-n", file] }).output();
    assert(success, new TextDecoder().decode(stderr));
    Deno.removeSync(file);
  }
});
