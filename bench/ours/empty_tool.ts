/** The least tool: no kernel half, no event. */
import { membersOf, type Tool, toolMain, Trace } from "#lib/tool/mod.ts";

const { integer } = membersOf<number>();

const tool: Tool<unknown, number> = {
  name: "empty",
  brief: "Do nothing",
  options: {},
  examples: [],
  fields: { pid: integer({ brief: "Process" }, (pid) => pid) },
  columns: () => ["pid"],
  trace: () =>
    new Trace({
      async *batches(signal) {
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
        yield [];
      },
      [Symbol.dispose]() {},
    }),
};

await toolMain(tool);
