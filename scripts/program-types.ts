/**
 * Writes docs/program-types.md from tests/program_types.ts:
 *
 *     deno run -A scripts/program-types.ts
 */
import { type Row, rows } from "../tests/program_types.ts";
import { SERIES as KERNELS } from "../tests/vm/kernels.ts";

/** The page's text. */
export function page(): string {
	return `<!-- Written by scripts/program-types.ts from tests/program_types.ts. Do not edit. -->

# Kinds of programs

A program's section says what kind it is, and often what it attaches to. These are the sections that
libbpf knows, as in its own table "Program Types and ELF Sections". Behind a \`+\` more may follow:
\`kprobe/do_unlinkat\`, \`tp/sched/sched_process_exec\`, \`uprobe/libc.so.6:getaddrinfo\`.

- **loads**: on which of the tested kernels (${
		KERNELS.join(", ")
	}) a program of this kind was loaded by
  \`tests/kernel/program_types.test.ts\`; with a libbpf that is later than 1.1, where one is named.
- **attaches**: by itself, with \`attach()\`, when the section says to what; or by hand, with the
  function named.
- **events**: the test that has it attached and counts its events.

${table()}

"needs libbpf 1.3" and its like: an earlier one opens the object and takes the program for one of no
type, which \`autoload = false\` leaves out. Kinds for which no function is named are attached through
other means of the kernel: \`xdp/devmap\` and \`xdp/cpumap\` as values of their maps, \`lwt_*\` and
\`action\` with ip(8) and tc(8), \`sk_reuseport\` with setsockopt(2).

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
		const padded = cells.map((cell, at) =>
			cell.padEnd(widths[at], cell === "-" ? "-" : " ")
		);
		return `| ${padded.join(" | ")} |`;
	}).join("\n");
}

function loads({ linux = "5.10", libbpf, apart }: Row): string {
	if (apart !== undefined) return apart;
	const first = KERNELS.find((kernel) => number(kernel) >= number(linux));
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
