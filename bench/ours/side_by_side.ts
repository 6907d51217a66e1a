/**
 * side_by_side COUNT: this many execsnoops in one process, their lines to standard output, until SIGINT.
 */
import { execsnoop } from "../../tools/execsnoop.ts";

const ending = new AbortController();
Deno.addSignalListener("SIGINT", () => ending.abort());
const traces = Array.from(
  { length: Number(Deno.args[0]) },
  () => execsnoop({ signal: ending.signal }),
);
console.error("ready");
await Promise.all(traces.map(async (trace) => {
  for await (const { pid, comm, args } of trace) console.log(pid, comm, args.join(" "));
}));
for (const trace of traces) trace[Symbol.dispose]();
Deno.exit();
