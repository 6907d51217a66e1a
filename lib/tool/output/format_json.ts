import { dataColumns, keptMembers, type Members } from "../members/member.ts";
import { ByteOutput } from "../text/bytes.ts";
import { jsonLines } from "./json.ts";

/**
 * What writes events of a tool as its `-o json` prints them: for scripts that keep what they saw.
 * @param tool its `tool`
 * @returns a function that returns a line, without its newline, for an event that was kept
 *
 * @example
 * ```ts
 * import { bootstrap, tool } from "@denobpf/denobpf/tools/bootstrap";
 * import { formatJson } from "@denobpf/denobpf/tool";
 *
 * const format = formatJson(tool);
 * using trace = bootstrap({ signal: AbortSignal.timeout(100) });
 * for await (const event of trace) console.log(format(event));
 * ```
 */
export function formatJson(tool: { readonly fields: Members }): (event: unknown) => string {
  const { line } = jsonLines(dataColumns(keptMembers(tool.fields)));
  let text = "";
  const out = new ByteOutput((bytes) => {
    text += new TextDecoder().decode(bytes);
    return bytes.length;
  });
  return (event) => {
    text = "";
    line(event, out);
    out.flush();
    return text.slice(0, -1);
  };
}
