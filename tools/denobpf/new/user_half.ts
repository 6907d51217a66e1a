import { className } from "#lib/skeleton/names.ts";
import type { Project } from "./project.ts";

/** The skeleton's class and codec in the order of `deno fmt`, which is that of their letters. */
const imported = (skeleton: string): string =>
  skeleton.toLowerCase() < "event" ? `${skeleton}, event` : `event, ${skeleton}`;

/** `NAME.ts` */
export const userHalf = ({ name, group, frame }: Project): string =>
  `#!/usr/bin/env -S deno run --allow-ffi --allow-read
/** ${name}: every exec() on the host. */
import { ${imported(className(name))} } from "#skel/${name}.ts";
import { type EventOf, membersOf, option, ringTool, toolMain, user } from "${frame}";

const member = membersOf(event);

/** The members of an event. */
const members = {
  time: member.time({ brief: "When it happened", width: -8 }, (r) => r.$wall(r.time)),
  pid: member.integer({ brief: "Process", width: -7 }, (r) => r.pid),
  uid: member.integer({ brief: "Its user", width: -6 }, (r) => r.uid),
  comm: member.text({ brief: "Its name", width: -16 }, (r) => r.$comm),
  filename: member.text({ brief: "The file, cut at 127 bytes" }, (r) => r.$filename),
};

/** A process that executed a file. */
export type Exec = EventOf<typeof members>;

export const { tool, start: ${name} } = ringTool({
  name: "${name}",
${group === undefined ? "" : `  group: "${group}",\n`}  brief: "Trace every exec() on the host",
  examples: [
    ["${name}", "all of them"],
    ["${name} -u root -o json", "those of root, one JSON object a line"],
  ],
  options: {
    uid: option("u", "UID|NAME", "Trace this user only", user),
  },
  members,
  columns: () => ["time", "pid", "uid", "comm", "filename"],
  open: () => ${className(name)}.open(),
  prepare({ rodata }, { uid }) {
    rodata.by_uid = uid !== undefined;
    rodata.only_uid = uid ?? 0;
  },
});

if (import.meta.main) await toolMain(tool);
`;
