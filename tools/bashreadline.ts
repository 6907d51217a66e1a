#!/usr/bin/env -S deno run --allow-ffi --allow-read
/**
 * bashreadline: lines that are typed into bash.
 *
 * As a command: `sudo tools/bashreadline.ts --help`. As a module:
 *
 * ```ts ignore
 * using trace = bashreadline();
 * for await (const { user, cwd, command } of trace) console.log(user, cwd, command);
 * ```
 */
import { Bashreadline, event } from "#skel/bashreadline.ts";
import {
  containerId,
  type EventOf,
  list,
  membersOf,
  partsOf,
  ringTool,
  targetOptions,
  text,
  toolMain,
  userName,
} from "#lib/tool/mod.ts";
import { attachToShells } from "./bashreadline/shells.ts";

const { c, ...member } = membersOf(event);
const parts = partsOf(event, "command", "cwd", "exe", "cgroup");

/** The members of an event. */
export const members = {
  time: { ...c.time, brief: "When the line was entered", width: -9 },
  pid: c.pid,
  ppid: { ...c.ppid, brief: "Its parent" },
  comm: c.comm,
  uid: c.uid,
  user: member.text({ brief: "Name of the user", width: -8 }, (r) => userName(r.uid)),
  /** As the kernel calls it: `pts0`. */
  tty: member.text({ brief: "Terminal of the process", width: -8 }, (r) => r.$tty),
  command: member.text({ brief: "The line", width: -32 }, parts.command.text),
  truncated: member.boolean(
    { brief: "Whether the line is longer, or could not be read", width: -9 },
    (r) => r.truncated !== 0,
  ),
  cwd: member.text({ brief: "Folder that the shell is in", width: -24 }, parts.cwd.path),
  exe: member.text({ brief: "Program file of the shell", width: -24 }, parts.exe.path),
  cgroup_id: c.cgroup_id,
  /** Undefined for the root. */
  cgroup: member.text({ brief: "Path of the cgroup (v2)", width: -24 }, parts.cgroup.path),
  container: member.text(
    { brief: "Id of the container", width: -12 },
    (r) => containerId(parts.cgroup.path(r)),
  ),
};

/** A line that was typed into a shell. */
export type TypedLine = EventOf<typeof members>;

export const { tool, start: bashreadline } = ringTool({
  name: "bashreadline",
  group: "processes",
  brief: "Show lines that are typed into bash",
  examples: [
    ["bashreadline", "those of every bash, also in containers"],
    ["bashreadline --fields time,user,tty,cwd,command", "who typed them, and where"],
    ["bashreadline -u root", "those of a user"],
    ["bashreadline -s /opt/bin/bash", "those of the shells of this file alone"],
    ["bashreadline -s /usr/lib/libreadline.so.8", "all that read lines by this library"],
  ],
  options: {
    shared: list("s", "PATH,...", "Trace readline() in these programs or libraries alone", text),
    ...targetOptions,
  },
  members,
  columns: () => ["time", "pid", "command"],
  open: () => Bashreadline.open(),
  prepare({ rodata, progs }, { shared }, shown) {
    rodata.with_cwd = shown.has("cwd");
    rodata.with_exe = shown.has("exe");
    rodata.with_cgroup = shown.has("cgroup") || shown.has("container");
    progs.note_exec.autoload = shared.length === 0;
  },
  attach: ({ progs, maps }, { shared, pid }) => attachToShells(progs, maps.execs, shared, pid),
});

if (import.meta.main) await toolMain(tool);
