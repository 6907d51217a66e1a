/** Every section that libbpf knows: tests/program_types.ts, with a program for each in one object. */
import { assertEquals, assertThrows } from "@std/assert";
import { AttachEvents } from "../../build/tests/skel/attach_events.ts";
import { ProgTypes } from "../../build/tests/skel/prog_types.ts";
import { BpfError, libbpfVersion } from "#lib/mod.ts";
import { kernelIsAtLeast } from "#lib/sys/kernel.ts";
import { programOf, type Row, rows } from "../program_types.ts";
import { hasFeature, kernelTest } from "./harness.ts";

type Name = keyof ReturnType<typeof ProgTypes.open>["progs"];
const nameOf = (row: Row) => programOf(row) as Name;

const known = rows.filter(({ libbpf = "1.0" }) => isAtLeast(libbpf));
const loadable = known.filter((row) =>
  row.apart === undefined && kernelHas(row.linux ?? "5.10") &&
  (row.needs === undefined || hasFeature(row.needs))
);
const attachable = loadable.filter((row) =>
  row.auto && (row.attachNeeds === undefined || hasFeature(row.attachNeeds))
);

function isAtLeast(version: string): boolean {
  return libbpfVersion().minor >= Number(version.split(".")[1]);
}

function kernelHas(version: string): boolean {
  const [major, minor] = version.split(".").map(Number);
  return kernelIsAtLeast(major, minor);
}

kernelTest("there is a row for every program, and a program for every row", {}, () => {
  using opened = ProgTypes.open();
  assertEquals(rows.map(programOf).sort(), Object.keys(opened.progs).sort());
});

kernelTest("libbpf takes the type and the attach type from every section", {}, () => {
  using opened = ProgTypes.open();
  const found = known.map((row) => {
    const { section, type, attachType } = opened.progs[nameOf(row)];
    return { section: section.slice(0, row.section.replace("+", "").length), type, attachType };
  });
  assertEquals(
    found,
    known.map(({ section, type, attachType = "cgroup_inet_ingress" }) => (
      { section: section.replace("+", ""), type, attachType }
    )),
  );
});

kernelTest("every kind of program loads that this kernel has", {}, () => {
  const refused: string[] = [];
  for (const row of loadable) {
    try {
      using _ = loadAlone(row);
    } catch (error) {
      refused.push(`${row.section}: ${error}`);
    }
  }
  assertEquals(refused, []);
});

kernelTest("every kind of program attaches by its section that can", {}, () => {
  for (const row of loadable) {
    using skel = loadAlone(row);
    const attaches = attachable.includes(row);
    // libbpf 1.3 to 1.7 refuse a usdt.s that says no more, where they leave out a usdt.
    if (row.auto && !attaches || row.section === "usdt.s+") continue;
    skel.attach();
    assertEquals(skel.links[nameOf(row)] !== null, attaches, row.section);
  }
});

kernelTest("a section that this libbpf does not know is a program of no type", {}, () => {
  for (const row of rows.filter((row) => !known.includes(row))) {
    using opened = ProgTypes.open();
    assertEquals(opened.progs[nameOf(row)].type, "unspec", row.section);
    assertThrows(() => loadAlone(row), BpfError, "Cannot load prog_types");
  }
});

kernelTest("type and attach type are set before load", {}, () => {
  using opened = ProgTypes.open();
  for (const program of Object.values(opened.progs)) program.autoload = false;
  const { prog_cgroup_connect4: program, prog_socket: filter } = opened.progs;
  program.attachType = "cgroup_inet6_connect";
  filter.type = "sched_cls";
  program.autoload = filter.autoload = true;
  assertEquals(program.attachType, "cgroup_inet6_connect");
  assertEquals(filter.type, "sched_cls");
  assertThrows(() => filter.type = "nonsense" as never, RangeError, "knows no type nonsense");
  const skel = opened.load();
  assertEquals(skel.progs.prog_socket.type, "sched_cls");
  assertThrows(() => (filter as { type: string }).type = "xdp", Error, "is loaded already");
});

kernelTest("a program reports its instructions, and the verifier what it found", {}, () => {
  using opened = AttachEvents.open();
  const { on_tp_btf } = opened.progs;
  for (const program of Object.values(opened.progs)) program.autoload = program === on_tp_btf;
  assertEquals(on_tp_btf.instructions > 7, true);
  on_tp_btf.logLevel = 4;
  assertEquals(on_tp_btf.logLevel, 4);
  assertEquals(on_tp_btf.flags, 0);
  using _ = opened.load();
});

function loadAlone(row: Row) {
  const opened = ProgTypes.open();
  try {
    for (const [name, program] of Object.entries(opened.progs)) {
      program.autoload = name === programOf(row);
    }
    return opened.load();
  } catch (error) {
    opened[Symbol.dispose]();
    throw error;
  }
}
