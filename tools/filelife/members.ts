import { event } from "#skel/filelife.ts";
import { type EventOf, type InPlace, membersOf, partsOf } from "#lib/tool/mod.ts";
import { fileType } from "#lib/tool/removals.ts";

const { c, integer, text } = membersOf(event);
const parts = partsOf(event, "path", "fs");

/** The members of an event. */
export const members = {
  time: { ...c.time, brief: "When the file lost its last name" },
  pid: { ...c.pid, width: -6, brief: "Process that removed it" },
  tid: c.tid,
  uid: c.uid,
  comm: { ...c.comm, brief: "Name of its thread" },
  creator_pid: { ...c.creator_pid, brief: "Process that made the file" },
  creator_comm: { ...c.creator_comm, brief: "Name of its thread" },
  age_ns: { ...c.age_ns, brief: "Age of the file, in nanoseconds" },
  name: text({ brief: "Its last name", width: -24 }, parts.path.name),
  /** Undefined if the tool was not asked for it. */
  path: text({ brief: "Path of the file, as the process sees it" }, parts.path.path),
  action: text(
    { brief: "What took its name: unlink, or a rename of another file", width: -6 },
    (r) => r.replaced ? "rename" : "unlink",
  ),
  type: text(
    { brief: "regular, symlink, fifo, socket, char, block", width: -7 },
    (r) => fileType(r.mode),
  ),
  size_bytes: integer({ brief: "Size of the file", width: 10 }, (r) => r.size),
  fs: text({ brief: "Type of the file system: ext4", width: -8 }, parts.fs.text),
  dev: c.dev,
  ino: c.ino,
};

/** A file that was made and removed. */
export type ShortLivedFile = EventOf<typeof members>;

const table = membersOf<InPlace<typeof members>>();

/** What tables alone show, as the C tool has it. */
export const derived = {
  age_s: table.decimal(
    { brief: "age_ns, in seconds", header: "AGE(s)", width: -7, decimals: 2 },
    (e) => Number(e.age_ns) / 1e9,
  ),
  filename: table.text({ brief: "Name of the file", header: "FILE" }, (e) => e.name),
  file: table.text({ brief: "Path of the file", header: "FILE" }, (e) => e.path),
};
