#!/usr/bin/env -S deno run --allow-ffi --allow-read
/** xdp: the size of every packet that an interface receives, at the earliest place there is. */
import { Xdp } from "#skel/examples/xdp.ts";
import { attachXdp } from "#lib/objects/attach/xdp.ts";
import { option, pipeTool, text, toolMain } from "#lib/tool/mod.ts";

export const { tool } = pipeTool({
  name: "xdp",
  brief: "Show the size of every packet that an interface receives",
  options: { interface: option("i", "NAME", "The interface", text, "lo") },
  examples: [["xdp -i eth0", "each packet that eth0 receives, until Ctrl-C"]],
  open: () => Xdp.open(),
  attach: ({ progs }, options) => attachXdp(progs.xdp_pass, options.interface),
});

if (import.meta.main) await toolMain(tool);
