/**
 * Writes docs/program-types.md from tests/program_types.ts:
 *
 *     deno run -A scripts/program-types.ts
 */
import { type Row, rows } from "../tests/program_types.ts";
import { SERIES } from "../tests/vm/kernels.ts";

/** The page's text. */
export function page(): string {
  return `<!-- Written by scripts/program-types.ts from tests/program_types.ts. Do not edit. -->

# Kinds of programs

A program's section says what kind it is, and often what it attaches to. These are the sections that
libbpf knows, as in its own table "Program Types and ELF Sections". Behind a \`+\` more may follow:
\`kprobe/do_unlinkat\`, \`tp/sched/sched_process_exec\`, \`uprobe/libc.so.6:getaddrinfo\`.

- **loads**: on which of the tested kernels (${
    SERIES.join(", ")
  }, and the newest of Debian) a program of this kind was loaded by
  \`tests/kernel/program_types.test.ts\`; with a libbpf that is later than 1.1, where one is named.
- **attaches**: by itself, with \`attach()\`, when the section says to what; or by hand, with the
  function named.
- **events**: the test that has it attached and counts its events.

${table()}

"needs libbpf 1.3" and its like: an earlier one opens the object and takes the program for one of no
type, which \`autoload = false\` leaves out. Kinds for which no function is named are attached through
other means of the kernel: \`xdp/devmap\` and \`xdp/cpumap\` as values of their maps, \`lwt_*\` and
\`action\` with ip(8) and tc(8), \`sk_reuseport\` with setsockopt(2).

## Functions of the kernel

\`attachKprobe()\` takes a name, or a place in it: \`vfs_read+0x10\`. The kernel answers a wrong one
with an errno that says little; the error names the cause:

| the error says                          | what to do                                                          |
| --------------------------------------- | ------------------------------------------------------------------- |
| N functions have the name               | \`attachKprobeMulti()\` attaches to all of them, by address           |
| no instruction begins at its byte N     | give the first byte of an instruction: a disassembler shows them    |
| N lies beyond it                        | name the function that the place is in                              |
| the kernel does not let it be probed    | probe its caller: what it does must not be interrupted              |
| the kernel's BTF does not have it       | fentry and fexit need that; a kprobe does not                       |
| the kernel has no function of this name | take the nearest, which is reported: functions are renamed, and inlined |

Before Linux 6.7 (and its stable series of late 2023) a kprobe at a name of several functions is put
on one of them, without a word.

## Functions of user space

\`attachUprobe()\` and \`attachUprobeMulti()\` find names in the file's symbols by themselves, whichever
libbpf there is:

- A function of several versions is its default one, which programs are linked with today.
  \`memcpy@GLIBC_2.2.5\` names another. A section (\`SEC("uprobe/libc.so.6:realpath")\`) leaves the
  search to libbpf, which refuses such names or takes any version, depending on its own.
- A function that is chosen when a program starts (IFUNC: \`strlen\`, \`memcpy\`) is no code that could
  be probed. The error names those that it is chosen from, if the file has symbols for them.
- A function that a file only imports is in another: the error says so.

**A place within a function must be the first byte of an instruction.** The kernel writes a
breakpoint there. In the middle of an instruction it makes another one of it: the traced program
crashes or computes wrong values. Nothing checks this on x86, where only a disassembler could; on
arm64 the kernel refuses such places. A place beyond the function is refused.

What the kernels of a build machine lack is tested in virtual machines: [testing.md](testing.md). A
kind is set by hand before load:

\`\`\`ts ignore
opened.progs.on_call.type = "tracing";
opened.progs.on_call.attachType = "trace_fexit";
opened.progs.on_call.setAttachTarget("do_unlinkat");
\`\`\`
`;
}

function table(): string {
  const header = ["section", "type", "attach type", "loads", "attaches", "events"];
  const body = rows.map((row) => [
    code(row.section),
    row.type,
    row.attachType ?? "",
    loads(row),
    attaches(row),
    row.events === undefined ? "" : row.events.replace(".test.ts", ""),
  ]);
  const lines = [header, header.map(() => "-"), ...body];
  const widths = header.map((_, at) => Math.max(...lines.map((cells) => cells[at].length)));
  return lines.map((cells) => {
    const padded = cells.map((cell, at) => cell.padEnd(widths[at], cell === "-" ? "-" : " "));
    return `| ${padded.join(" | ")} |`;
  }).join("\n");
}

function loads({ linux = "5.10", libbpf, apart }: Row): string {
  if (apart !== undefined) return apart;
  const first = SERIES.find((kernel) => number(kernel) >= number(linux)) ?? "the newest";
  const since = linux === "5.10" ? `${first} on` : `${first} on (Linux ${linux})`;
  return libbpf === undefined ? since : `needs libbpf ${libbpf}; ${since}`;
}

function attaches({ auto, by }: Row): string {
  const ways = [...(auto ? ["itself"] : []), ...(by === undefined ? [] : [code(`${by}()`)])];
  return ways.join(", ");
}

/** 6.12 comes after 6.2. */
function number(version: string): number {
  const [major, minor] = version.split(".").map(Number);
  return major * 1000 + minor;
}

function code(text: string): string {
  return "`" + text + "`";
}

if (import.meta.main) {
  Deno.writeTextFileSync(new URL("../docs/program-types.md", import.meta.url), page());
}
