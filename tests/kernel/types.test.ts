import { assert, assertEquals } from "@std/assert";
import { color, OddTypes } from "../../build/tests/skel/odd_types.ts";
import { Names } from "../../build/tests/skel/names.ts";
import { address as unionOf, libbpf_tristate, state, Types } from "../../build/tests/skel/types.ts";
import { address, filled } from "../fixtures/types.ts";
import { testRun } from "#lib/mod.ts";
import { kernelTest } from "./harness.ts";

/** Loads types.bpf.c and runs its program once. */
function run(opened: ReturnType<typeof Types.open>) {
  const skel = opened.load();
  testRun(skel.progs.fill_all);
  return skel;
}

kernelTest("every type arrives through the ring buffer as the kernel half sent it", {}, () => {
  using opened = Types.open();
  const skel = run(opened);
  const records = skel.maps.events.consume((event) => {
    for (const [member, value] of Object.entries(filled)) {
      assertEquals<unknown>(event[member as keyof typeof filled], value, member);
    }
    const { v4, v6, upper, lower, inner } = event.address;
    assertEquals({ v4, v6: new Uint8Array(v6), upper, lower, inner }, address);
    assertEquals(event.rest, Uint8Array.of(1, 2, 3, 4, 5));
    assertEquals(event.$$length, 401);
  });
  assertEquals(records, 1);
  const lines: unknown[] = [];
  skel.maps.lines.consume(({ pid, text }) => lines.push({ pid, text }));
  assertEquals(lines, [{ pid: 42, text: "a line!" }]);
});

kernelTest("an event may be a number, an enum, a text or a union", {}, () => {
  using opened = OddTypes.open();
  const { maps, progs } = opened.load();
  testRun(progs.send_all);
  const seen: unknown[] = [];
  maps.stamps.consume(({ value }) => seen.push(value));
  maps.colors.consume(({ value }) => seen.push(value));
  maps.words.consume(({ value }) => seen.push(value));
  maps.unions.consume(({ value }) => seen.push(value.process));
  maps.tails.consume(({ length, text }) => seen.push({ length, text }));
  maps.structs.consume(({ process }) => seen.push(process));
  assertEquals(seen, [
    0x0123_4567_89ab_cdefn,
    color.BLUE,
    "a word",
    { pid: 1, args: "argument" },
    { length: 5, text: "tail!" },
    { pid: 2, args: "" },
  ]);
});

kernelTest("keys have 128 bits", {}, () => {
  using opened = OddTypes.open();
  const { by_wide } = opened.load().maps;
  const address = opened.data.address;
  by_wide.update(1n << 127n, address);
  assertEquals([...by_wide], [[1n << 127n, address]]);
});

kernelTest("global variables are the running program's own, in both directions", {}, () => {
  using opened = Types.open();
  opened.rodata.max_args = 30;
  opened.rodata.prefix = "b";
  opened.rodata.enabled = false;
  opened.rodata.since = { tv_sec: 0n, tv_nsec: 1000n };
  opened.rodata.magic = Uint8Array.of(0, 0, 0, 7);
  opened.rodata.offset = -40n;
  opened.data.step = 9;
  opened.data_custom.custom = 100n;
  const skel = run(opened);
  assertEquals(skel.data.started, 30n + 98n + 0n + 1000n + 5n + 7n - 40n);
  assertEquals(skel.bss.fill_all_counter, 9);
  assertEquals(skel.bss.dropped, 102n);
  assertEquals(skel.bss.state, state.RUNNING);
  assertEquals(skel.bss.configured, libbpf_tristate.TRI_YES);
  const [major, minor] = Deno.osRelease().split(".").map(Number);
  assertEquals(skel.bss.version >> 8, (major << 8) | minor);
  assertEquals(skel.kconfig.LINUX_KERNEL_VERSION, skel.bss.version);
});

kernelTest("maps keep structs, unions, enums and per-CPU values", {}, () => {
  using opened = Types.open();
  const { maps } = opened.load();
  const key = { one: 1, four: 2, eight: 3n };
  maps.by_struct.update(key, unionOf.from({ v4: 0x7f000001 }));
  assertEquals(maps.by_struct.lookup(key)!.v6.slice(0, 5), Uint8Array.of(1, 0, 0, 0x7f, 0));
  assertEquals(maps.by_struct.lookup({ ...key, eight: 4n }), undefined);
  maps.by_enum.update(state.LAST, { one: 5 });
  assertEquals([...maps.by_enum], [[state.LAST, { one: 5 }]]);
  maps.by_anonymous.update(0, { comm: "sixteen is full!" });
  assertEquals(maps.by_anonymous.lookup(0), { comm: "sixteen is full!" });
  const zeros = maps.per_cpu.lookup(0)!;
  const numbers = zeros.map((_, cpu) => BigInt(cpu) + 1n);
  maps.per_cpu.update(0, numbers);
  assertEquals(maps.per_cpu.lookup(0), numbers);
});

kernelTest("two skeletons live side by side in one process", {}, () => {
  using one = Types.open();
  using two = Names.open();
  run(one);
  const names = two.load().attach();
  Deno.statSync("/");
  assert(names.bss.one_counter > 0);
  assert(names.bss.two_counter > 0);
  assertEquals(one.bss.fill_all_counter, 3);
});
