/** `denobpf doctor`: what this host offers to BPF tools, and which of the tools run on it. */
import { ExitCode, ExitError } from "#lib/tool/exit.ts";
import { ListTrace } from "#lib/tool/list_trace.ts";
import { type OptionsOf, type Parser, rest, type Tool } from "#lib/tool/mod.ts";
import type { Finding } from "./doctor/finding.ts";
import { examineHost } from "./doctor/host.ts";
import { examineTool } from "./doctor/tools.ts";
import { findTool, requireTool, runnable, type ToolName, toolNames } from "./registry.ts";

const toolName: Parser<ToolName> = Object.assign(
  (text: string) => requireTool(text).tool,
  { choices: runnable },
);

const operands = { tools: rest("TOOL", "Look at these tools only", toolName) };

export const doctor: Tool<OptionsOf<typeof operands>, Finding> = {
  name: "doctor",
  brief: "Tell what this host offers to BPF tools, and which of them run here",
  operands,
  options: {},
  examples: [
    ["doctor", "the host and every tool"],
    ["doctor execsnoop", "one tool; exit code 69 if it cannot run"],
    ["doctor -o json", "one JSON object a line"],
  ],
  fields: {
    subject: { type: "text", brief: "What was looked at", width: -17, value: (f) => f.subject },
    state: {
      type: "text",
      brief: "ok, less, no or unknown; of a tool: runs, less or cannot",
      width: -7,
      value: (f) => f.state,
    },
    detail: { type: "text", brief: "What was found", value: (f) => f.detail },
    hint: { type: "text", brief: "What to do about it", value: (f) => f.hint },
    found: {
      type: "text",
      header: "DETAIL",
      only: "table",
      brief: "What was found, and what to do about it",
      value: ({ detail, hint }) => hint === undefined ? detail : `${detail}; ${hint}`,
    },
  },
  columns: () => ["subject", "state", "found"],
  failed: ({ state }) => state === "no" || state === "cannot",
  trace: ({ tools }) => new ListTrace(examine(tools)),
};

/** Who names some tools wants the exit code to say whether these can run. */
async function* examine(named: readonly ToolName[]): AsyncGenerator<Finding, void, void> {
  yield* examineHost();
  const unfit: string[] = [];
  for (const name of named.length > 0 ? named : toolNames) {
    const finding = examineTool(await findTool(name));
    if (finding.state === "cannot") unfit.push(name);
    yield finding;
  }
  if (named.length === 0 || unfit.length === 0) return;
  throw new ExitError(ExitCode.Unavailable, `${unfit.join(", ")} cannot run on this host`);
}
