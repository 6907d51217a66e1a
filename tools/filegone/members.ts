import { event } from "#skel/filegone.ts";
import { type EventOf, type InPlace, membersOf, partsOf } from "#lib/tool/mod.ts";
import { fileType } from "#lib/tool/removals.ts";

/** The order of `enum removal_op` of bpf/include/removal.h. */
const ACTIONS = ["unlink", "rmdir", "rename", "exchange"];

const { c, boolean, integer, text } = membersOf(event);
const parts = partsOf(event, "path", "new_path", "fs");

/** The members of an event. */
export const members = {
  time: { ...c.time, brief: "When the name was gone" },
  pid: { ...c.pid, width: -7 },
  tid: c.tid,
  uid: c.uid,
  comm: c.comm,
  action: text(
    { brief: `What was done: ${ACTIONS.join(", ")}`, width: -8 },
    (r) => ACTIONS[r.op],
  ),
  name: text({ brief: "The name that is gone", width: -24 }, parts.path.name),
  /** Of a rename or an exchange. */
  new_name: text({ brief: "The new name of the file", width: -24 }, parts.new_path.name),
  /** Undefined if the tool was not asked for it. */
  path: text({ brief: "The path that is gone, as its process sees it" }, parts.path.path),
  /** Of a rename or an exchange. */
  new_path: text({ brief: "The new path of the file" }, parts.new_path.path),
  replaced: boolean(
    { brief: "Whether another file had the new name, which it lost", width: -8 },
    (r) => r.replaced !== 0,
  ),
  /** With `replaced` the next six are of the file that lost the new name. */
  type: text(
    { brief: "regular, directory, symlink, fifo, socket, char, block", width: -9 },
    (r) => fileType(r.mode),
  ),
  size_bytes: integer({ brief: "Size of the file", width: 10 }, (r) => r.size),
  nlink: integer({ brief: "Names that it has left", width: 5 }, (r) => r.nlink),
  fs: text({ brief: "Type of the file system: ext4", width: -8 }, parts.fs.text),
  dev: c.dev,
  ino: c.ino,
};

/** A name of a file that is gone. */
export type GoneFile = EventOf<typeof members>;

const table = membersOf<InPlace<typeof members>>();

/** What tables alone show, as the Python tool has it. */
export const derived = {
  act: table.text(
    { brief: "DELETE or RENAME", header: "ACTION", width: 6 },
    (e) => e.new_name === undefined ? "DELETE" : "RENAME",
  ),
  names: table.text(
    { brief: "The name; for a rename the new one as well", header: "FILE" },
    (e) => both(e.name, e.new_name),
  ),
  paths: table.text(
    { brief: "The path; for a rename the new one as well", header: "FILE" },
    (e) => both(e.path, e.new_path),
  ),
};

const both = (old: unknown, fresh: unknown) => fresh === undefined ? `${old}` : `${old} > ${fresh}`;
