#!/usr/bin/env -S deno run --allow-ffi --allow-read
/** threadsnoop: threads as they are created, with the function that each runs, and as they end. */
import { Threadsnoop } from "#skel/threadsnoop.ts";
import { flag, loadHooks, ringTool, targetOptions, toolMain } from "#lib/tool/mod.ts";
import { derived, members, own } from "./threadsnoop/members.ts";
import { attachToPthreadCreate } from "./threadsnoop/libraries.ts";

export type { ThreadEvent } from "./threadsnoop/members.ts";

export const { tool, start: threadsnoop } = ringTool({
  name: "threadsnoop",
  group: "processes",
  brief: "Trace threads as they are created",
  examples: [
    ["threadsnoop", "all of them, with the functions that they run"],
    ["threadsnoop -x", "include the numbers of the threads, and what has called the kernel"],
    ["threadsnoop --exits", "include the ends of threads, and how long they lived"],
    ["threadsnoop -p 185", "the threads of one process"],
    ["threadsnoop -o json", "all that is known of each"],
  ],
  options: {
    extra_fields: flag("x", "Include TID, NEW_TID and CALLER"),
    exits: flag("", "Include the ends of threads"),
    ...targetOptions,
  },
  members,
  derived,
  columns: ({ extra_fields, exits }) => [
    "elapsed_ms",
    exits && "event",
    "pid",
    extra_fields && "tid",
    extra_fields && "new_tid",
    "comm",
    exits && "age_ms",
    extra_fields && "caller",
    "func",
  ],
  own,
  open: () => Threadsnoop.open(),
  prepare({ rodata, progs }, { exits }, shown) {
    rodata.with_caller = shown.has("caller");
    rodata.with_cgroup = shown.has("cgroup") || shown.has("container");
    loadHooks(progs, { new: true, exit: exits });
  },
  attach({ progs }, { pid }) {
    attachToPthreadCreate(progs.pthread_create_entry, progs.pthread_create_exit, pid);
  },
});

if (import.meta.main) await toolMain(tool);
