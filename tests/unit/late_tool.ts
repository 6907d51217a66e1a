/** The sample tool, a second after Deno has started: as late as one that has to be compiled, on a busy machine. */
await new Promise((resolve) => setTimeout(resolve, 1000));
const { toolMain } = await import("#lib/tool/mod.ts");
const { tool } = await import("./sample_tool.ts");
await toolMain(tool);
