/** `denobpf link`: what programs are attached to. */
import { type LinkInfo, listLinks } from "#lib/objects/link_info.ts";
import { membersOf, type Structure } from "#lib/tool/mod.ts";
import type { Command } from "./command.ts";

/** Members that have fields of their own. */
const OWN: readonly string[] = ["id", "programId", "type"];

const member = membersOf<LinkInfo>();

const list: Command<unknown, LinkInfo> = {
  name: "denobpf link list",
  brief: "Show the links in the kernel: which program is attached to what",
  options: {},
  examples: [
    ["denobpf link list", "one link a line"],
    ["denobpf link list --filter type==xdp -o json", "those on network interfaces"],
  ],
  fields: {
    id: member.integer({ brief: "Its id", width: 6 }, (l) => l.id),
    type: member.text({ brief: "Of which kind", width: -15 }, (l) => l.type),
    prog_id: member.integer(
      { brief: "The id of its program", width: 7 },
      (l) => l.programId || undefined,
    ),
    target: member.structure({ brief: "What it is attached to" }, target),
  },
  columns: () => ["id", "type", "prog_id", "target"],
  rows: () => listLinks(),
};

/** What a link of its kind reports, by C's names: `{"attach_type":"trace_raw_tp"}`. */
function target(link: LinkInfo): Structure {
  const members = Object.entries(link).filter(([name]) => !OWN.includes(name));
  return Object.fromEntries(members.map(([name, value]) => [snakeCase(name), value]));
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

export const link = { list };
