#!/usr/bin/env -S deno run --allow-ffi --allow-read
/** denobpf: every tool behind one command. */
import { commonBeside } from "#lib/tool/common.ts";
import type { Command } from "#lib/tool/completions.ts";
import { ExitCode, ExitError } from "#lib/tool/exit.ts";
import { reportFailure } from "#lib/tool/failure.ts";
import { ListTrace } from "#lib/tool/list_trace.ts";
import { type Tool, toolMain } from "#lib/tool/mod.ts";
import { VERSION } from "#lib/tool/version.ts";
import { findTool, requireTool, toolNames } from "./registry.ts";

const HELP = `USAGE: denobpf TOOL [OPTIONS]
       denobpf COMMAND

Run one of the tools.

COMMANDS:
  list                   show every tool, with what it is for
  doctor [TOOL...]       tell what this host offers, and which tools run here
  completions SHELL      print completions for bash, zsh or fish

TOOLS:
  ${toolNames.join("\n  ")}

EXAMPLES:
  denobpf execsnoop -x               # run a tool, with its options
  denobpf execsnoop --help           # show its options
  denobpf doctor execsnoop           # tell whether it can run here
  source <(denobpf completions bash) # complete all that in this shell
`;

const list: Tool<unknown, Pick<Tool<unknown, unknown>, "name" | "brief">> = {
  name: "list",
  brief: "Show every tool, with what it is for",
  options: {},
  examples: [["list", "one tool a line"], ["list -o json", "one JSON object a line"]],
  fields: {
    tool: { type: "text", brief: "Its name", width: -16, value: (tool) => tool.name },
    brief: {
      type: "text",
      brief: "What it is for",
      header: "WHAT IT IS FOR",
      value: (tool) => tool.brief,
    },
  },
  columns: () => ["tool", "brief"],
  trace: () => new ListTrace(allTools()),
};

async function* allTools(): AsyncGenerator<Tool<unknown, unknown>, void, void> {
  for (const name of toolNames) yield await findTool(name);
}

/** The names of what is no tool; {@link run} does it. */
const COMMANDS = ["list", "doctor", "completions"];

async function run([command, ...args]: readonly string[]): Promise<void> {
  switch (command) {
    case undefined:
      throw usage("name a tool or a command (denobpf --help shows them)");
    case "-h":
    case "--help":
      return console.log(HELP.trimEnd());
    case "-V":
    case "--version":
      return console.log(`denobpf ${VERSION}`);
    case "list":
      return await toolMain(list, args);
    case "doctor": {
      const { doctorMain } = await import("./doctor.ts");
      return await doctorMain(args);
    }
    case "completions":
      return await printCompletions(args);
    default:
      return await toolMain(await findTool(requireTool(command, COMMANDS)), args);
  }
}

async function printCompletions(args: readonly string[]): Promise<void> {
  const { completionScript, shells } = await import("#lib/tool/completions.ts");
  const shell = shells.find((shell) => shell === args[0]);
  if (shell === undefined || args.length > 1) {
    throw usage(`completions: name one shell: ${shells.join(", ")}`);
  }
  const { doctor } = await import("./doctor.ts");
  const commands: Command[] = [
    completed(list),
    { ...completed(doctor()), operands: toolNames },
    { name: "completions", brief: "Print completions for a shell", options: {}, operands: shells },
  ];
  for await (const tool of allTools()) commands.push(completed(tool));
  console.log(completionScript(shell, "denobpf", commands).trimEnd());
}

function completed<Options, E>(tool: Tool<Options, E>): Command {
  return {
    name: tool.name,
    brief: tool.brief,
    options: { ...tool.options, ...commonBeside(tool) },
  };
}

function usage(message: string): ExitError {
  return new ExitError(ExitCode.Usage, message);
}

if (import.meta.main) {
  try {
    await run(Deno.args);
  } catch (error) {
    Deno.exit(reportFailure("denobpf", error, false));
  }
}
