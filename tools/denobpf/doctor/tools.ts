/** Whether a tool runs on this host: it is started for a moment. */
import { explain } from "#lib/tool/ending/failure.ts";
import { type Tool, withDefaults } from "#lib/tool/mod.ts";
import { longName } from "#lib/tool/options/declarations.ts";
import type { Finding } from "./finding.ts";

/** Starts a tool as it is, then with each of the options that ask more of the host. */
export function examineTool(tool: Tool<unknown, unknown>): Finding {
  const subject = tool.name;
  const obstacle = obstacleTo(tool, {});
  if (obstacle !== undefined) return { subject, state: "cannot", ...obstacle };
  const missing = (tool.demanding ?? []).flatMap((options) => {
    const obstacle = obstacleTo(tool, options);
    return obstacle === undefined ? [] : [{ flags: flags(options), ...obstacle }];
  });
  if (missing.length === 0) return { subject, state: "runs", detail: "all of it" };
  const detail = missing.map(({ flags, detail }) => `without ${flags}: ${detail}`).join("; ");
  return { subject, state: "less", detail, hint: missing[0].hint };
}

/** Why the tool cannot run with these options, if it cannot. */
function obstacleTo(
  tool: Tool<unknown, unknown>,
  options: object,
): Pick<Finding, "detail" | "hint"> | undefined {
  try {
    tool.trace(withDefaults(tool.options, options))[Symbol.dispose]();
  } catch (error) {
    const { message, hint } = explain(error);
    return { detail: message, hint };
  }
}

function flags(options: object): string {
  return Object.keys(options).map((name) => `--${longName(name)}`).join(" ");
}
