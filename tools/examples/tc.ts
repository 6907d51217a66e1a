#!/usr/bin/env -S deno run --allow-ffi --allow-read
/** tc: IPv4 packets as the loopback interface receives them, in a filter of traffic control. */
import { Tc } from "#skel/examples/tc.ts";
import { attachTc } from "#lib/objects/attach/tc.ts";
import { pipeTool, toolMain } from "#lib/tool/mod.ts";

export const { tool } = pipeTool({
  name: "tc",
  brief: "Show the IPv4 packets that the loopback interface receives",
  open: () => Tc.open(),
  attach: ({ progs }) => attachTc(progs.tc_ingress, "lo", "ingress", { handle: 1, priority: 1 }),
});

if (import.meta.main) await toolMain(tool);
