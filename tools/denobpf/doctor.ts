/** `denobpf doctor`: what this host offers to BPF tools, and which of the tools run on it. */
import { ExitCode, ExitError } from "#lib/tool/ending/exit.ts";
import { listTool, membersOf, type Parser, rest } from "#lib/tool/mod.ts";
import type { Finding } from "./doctor/finding.ts";
import { examineHost } from "./doctor/host.ts";
import { examineTool } from "./doctor/tools.ts";
import { findTool, requireTool, runnable, type ToolName, toolNames } from "./registry.ts";

const toolName: Parser<ToolName> = Object.assign(
  (text: string) => requireTool(text).tool,
  { choices: runnable },
);

const operands = { tools: rest("TOOL", "Look at these tools only", toolName) };

const member = membersOf<Finding>();

export const { tool: doctor } = listTool({
  name: "doctor",
  brief: "Show what this host offers to BPF tools, and which of them run here",
  operands,
  options: {},
  examples: [
    ["doctor", "the host and every tool"],
    ["doctor execsnoop", "one tool; exit code 69 if it cannot run"],
    ["doctor -o json", "one JSON object a line"],
  ],
  members: {
    subject: member.text({ brief: "What was looked at", width: -17 }, (f) => f.subject),
    state: member.text({
      brief: "ok, less, no or unknown; of a tool: runs, less or cannot",
      width: -7,
    }, (f) => f.state),
    detail: member.text({ brief: "What was found" }, (f) => f.detail),
    hint: member.text({ brief: "What to do about it" }, (f) => f.hint),
    found: member.text({
      header: "DETAIL",
      only: "table",
      brief: "What was found, and what to do about it",
    }, ({ detail, hint }) => hint === undefined ? detail : `${detail}; ${hint}`),
  },
  columns: () => ["subject", "state", "found"],
  failed: ({ state }) => state === "no" || state === "cannot",
  rows: ({ tools }) => examine(tools),
});

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
