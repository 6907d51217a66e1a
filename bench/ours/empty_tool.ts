/** The least tool: no kernel half, no event. */
import { type Tool, toolMain, type Trace } from "#lib/tool/mod.ts";

const tool: Tool<unknown, number> = {
  name: "empty",
  brief: "Do nothing",
  options: {},
  examples: [],
  fields: { pid: { type: "integer", brief: "Process", value: (pid) => pid } },
  columns: () => ["pid"],
  trace: nothing,
};

function nothing(): Trace<number> {
  const stopped = Promise.withResolvers<void>();
  return {
    async *batches() {
      await stopped.promise;
      yield [];
    },
    async *[Symbol.asyncIterator]() {
      yield* [];
    },
    lost: 0n,
    losses: {},
    stop: () => stopped.resolve(),
    [Symbol.dispose]() {},
  };
}

await toolMain(tool);
