#!/usr/bin/env -S deno run --allow-ffi --allow-read
/** denobpf: every tool behind one command, and what one does with BPF besides running tools. */
import { reportFailure } from "#lib/tool/ending/failure.ts";
import { choice, listTool, membersOf, operand, type Tool, toolMain } from "#lib/tool/mod.ts";
import { usage } from "#lib/tool/options/usage_errors.ts";
import { nearest } from "#lib/sys/nearest.ts";
import { type AnyCommand, commandMain, completed, completedGroup } from "./denobpf/command.ts";
import {
  aliasNames,
  findAlias,
  findTool,
  requireTool,
  runnable,
  toolNames,
} from "./denobpf/registry.ts";

const HELP = `USAGE: denobpf TOOL [OPTIONS]
       denobpf COMMAND

Run one of the tools.

COMMANDS:
  list                   show every tool, with what it is for
  doctor [TOOL...]       report what this host offers, and which tools run here
  completions SHELL      print completions for bash, zsh or fish
  install-links DIR      make each tool a command of its own (compiled binary)
  new NAME [DIR]         write a tool of your own, ready to build
  skeleton FILE.bpf.o    print the TypeScript class of a compiled BPF object
  flame FILE [AFTER]     draw a flame graph of folded stacks, or how two differ
  prog, map, link, btf   show what is in the kernel: denobpf map dump NAME
  tplist PATTERN         show what tools can trace, with its arguments

TOOLS:
  ${runnable.join("\n  ")}

EXAMPLES:
  denobpf execsnoop -x               # run a tool, with its options
  denobpf execsnoop --help           # show its options
  denobpf doctor execsnoop           # say whether it can run here
  source <(denobpf completions bash) # complete all that in this shell
`;

const member = membersOf<Pick<Tool<unknown, unknown>, "name" | "group" | "brief">>();

const { tool: list } = listTool({
  name: "list",
  brief: "Show every tool, with what it is for",
  options: {},
  examples: [["list", "one tool a line"], ["list --filter group==disks", "those about disks"]],
  members: {
    tool: member.text({ brief: "Its name", width: -16 }, (tool) => tool.name),
    group: member.text({ brief: "What it is about", width: -9 }, (tool) => tool.group ?? ""),
    brief: member.text({ brief: "What it is for", header: "WHAT IT IS FOR" }, (tool) => tool.brief),
  },
  columns: () => ["tool", "group", "brief"],
  rows: allTools,
});

async function* allTools(): AsyncGenerator<Tool<unknown, unknown>, void, void> {
  for (const name of toolNames) yield await findTool(name);
  for (const name of aliasNames) yield await findAlias(name);
}

/** Commands that are one, by their names. */
const single = {
  flame: async () => (await import("./denobpf/flame.ts")).flame,
  "install-links": async () => (await import("./denobpf/install_links.ts")).installLinks,
  new: async () => (await import("./denobpf/new.ts")).newTool,
  skeleton: async () => (await import("./denobpf/skeleton.ts")).skeleton,
  tplist: async () => (await import("./denobpf/tplist.ts")).tplist,
};

/** Commands of a common name, distinguished by a second word. */
interface Group {
  readonly brief: string;
  readonly commands: () => Promise<Readonly<Record<string, AnyCommand>>>;
}

/** Them by their common names. */
const groups: Readonly<Record<string, Group>> = {
  prog: {
    brief: "Show the programs in the kernel",
    commands: async () => (await import("./denobpf/prog.ts")).prog,
  },
  map: {
    brief: "Show the maps in the kernel, and read and change what is in them",
    commands: async () => (await import("./denobpf/map.ts")).map,
  },
  link: {
    brief: "Show what programs are attached to",
    commands: async () => (await import("./denobpf/link.ts")).link,
  },
  btf: {
    brief: "Show types: of the kernel, of what is loaded, of files",
    commands: async () => (await import("./denobpf/btf.ts")).btf,
  },
};

/** The names of what is no tool; {@link run} does it. */
const COMMANDS = ["list", "doctor", "completions", ...Object.keys(single), ...Object.keys(groups)];

async function run([command, ...args]: readonly string[]): Promise<void> {
  switch (command) {
    case undefined:
      throw usage("name a tool or a command (denobpf --help shows them)");
    case "-h":
    case "--help":
      return console.log(HELP.trimEnd());
    case "-V":
    case "--version":
      return console.log((await import("./denobpf/about.ts")).about());
    case "list":
      return await toolMain(list, args);
    case "doctor":
      return await toolMain((await import("./denobpf/doctor.ts")).doctor, args);
    case "completions":
      return await printCompletions(args);
  }
  if (Object.hasOwn(single, command)) {
    return await commandMain(await single[command as keyof typeof single](), args);
  }
  if (Object.hasOwn(groups, command)) {
    const [second, ...rest] = args;
    return await commandMain(await commandOf(command, second), rest);
  }
  const { tool, args: before } = requireTool(command, COMMANDS);
  const found = tool === command ? await findTool(tool) : await findAlias(command);
  return await toolMain(found, [...before, ...args]);
}

/** The command of a group that its second word names. */
async function commandOf(group: string, word: string | undefined): Promise<AnyCommand> {
  const commands = await groups[group].commands();
  const names = Object.keys(commands);
  if (word !== undefined && Object.hasOwn(commands, word)) return commands[word];
  const choice = `denobpf ${group} is followed by one of ${names.join(", ")}`;
  if (word === undefined) throw usage(choice);
  const meant = nearest(word, names);
  throw usage(`${group}: ${meant === undefined ? choice : `did you mean ${meant}?`}`);
}

async function printCompletions(args: readonly string[]): Promise<void> {
  const { completionScript, shells } = await import("#lib/tool/options/completions.ts");
  const shell = shells.find((shell) => shell === args[0]);
  if (shell === undefined || args.length > 1) {
    throw usage(`completions: name one shell: ${shells.join(", ")}`);
  }
  const { doctor } = await import("./denobpf/doctor.ts");
  const commands = [
    completed(list),
    completed(doctor),
    {
      name: "completions",
      brief: "Print completions for a shell",
      options: {},
      operands: { shell: operand("SHELL", "Which one", choice(...shells)) },
    },
  ];
  for (const [name, command] of Object.entries(single)) {
    commands.push({ ...completed(await command()), name });
  }
  for (const [name, { brief, commands: members }] of Object.entries(groups)) {
    commands.push(completedGroup(name, brief, await members()));
  }
  for await (const tool of allTools()) commands.push(completed(tool));
  console.log(completionScript(shell, "denobpf", commands).trimEnd());
}

/** Runs a command line. */
export async function main(args: readonly string[]): Promise<void> {
  try {
    await run(args);
  } catch (error) {
    Deno.exit(reportFailure("denobpf", error, false));
  }
}

if (import.meta.main) await main(Deno.args);
