import { assertEquals } from "@std/assert";
import fc from "../fast_check.ts";
import { KernelSymbols } from "#lib/symbols/kallsyms.ts";
import { LeastRecentlyUsed } from "#lib/symbols/least_recently_used.ts";
import { parseCodeMappings } from "#lib/symbols/process_maps.ts";

function kallsyms(text: string): KernelSymbols {
  return new KernelSymbols(new TextEncoder().encode(text) as Uint8Array<ArrayBuffer>);
}

Deno.test("KernelSymbols finds what an address lies in, modules and aliases included", () => {
  const symbols = kallsyms(
    "ffffffff81000000 T _text\nffffffff81000000 T _stext\nffffffff81000100 t do_it\n" +
      "ffffffffc0000010 t late\t[nf]\nffffffffc0000000 t early\t[nf]\n" +
      "ffffffffc1000000 t bpf_prog_0123456789abcdef_go\t[bpf]\n",
  );
  const at = (address: bigint) => symbols.lookup(address)?.name;
  assertEquals(at(0xffff_ffff_8100_0000n), "_text");
  assertEquals(at(0xffff_ffff_8100_00ffn), "_text");
  assertEquals(at(0xffff_ffff_8100_0100n), "do_it");
  assertEquals(at(0xffff_ffff_80ff_ffffn), undefined);
  assertEquals(at(0xffff_ffff_9000_0000n), undefined, "megabytes behind the last symbol");
  assertEquals(symbols.lookup(0xffff_ffff_c000_000fn), {
    name: "early",
    address: 0xffff_ffff_c000_0000n,
    type: "t",
    module: "nf",
  });
  assertEquals(at(0xffff_ffff_c100_0001n), "bpf_prog_0123456789abcdef_go");
  assertEquals(symbols.find("_stext")?.address, 0xffff_ffff_8100_0000n);
  assertEquals(symbols.find("late", "nf")?.address, 0xffff_ffff_c000_0010n);
  assertEquals(symbols.find("late", "other"), undefined);
  assertEquals(symbols.find("lat"), undefined);
});

Deno.test("KernelSymbols says when the kernel hides its addresses", () => {
  const hidden = kallsyms("0000000000000000 T _text\n0000000000000000 t do_it\n");
  assertEquals([hidden.hidden, hidden.length, hidden.lookup(0n)], [true, 2, undefined]);
  assertEquals(kallsyms("").hidden, true);
  assertEquals(kallsyms("ffffffff81000000 T _text\n").hidden, false);
});

Deno.test("KernelSymbols takes any text", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.bigInt(0n, 2n ** 64n - 1n), (bytes, at) => {
      const symbols = new KernelSymbols(new Uint8Array(bytes));
      symbols.lookup(at);
      symbols.lookup(0n);
      symbols.find("a");
    }),
  );
});

Deno.test("code mappings are read with odd names, and others passed over", () => {
  const text = [
    "55d0c0a00000-55d0c0a01000 r--p 00000000 fe:00 77 /usr/bin/a",
    "55d0c0a01000-55d0c0a05000 r-xp 00001000 fe:00 77                         /usr/bin/a b",
    "7f0000000000-7f0000001000 r-xp 00000000 00:01 2049 /memfd:code (deleted)",
    "7f0000001000-7f0000002000 rwxp 00000000 00:00 0",
    "7f0000002000-7f0000003000 r-xp 00002000 fe:00 78 /tmp/two\\012lines",
    "7f0000003000-7f0000004000 r-xp 00000000 fe:00 79 /tmp/a\rb\u2028c\u2029d",
    "7f0000004000-7f0000005000 r-xp",
    "-10 r-xp 0 fe:00 1 /a",
    "10-20 r-xp 0 fe:00 x /a",
    "20-10 r-xp 0 fe:00 1 /a",
    "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0 [vsyscall]",
    "not a mapping",
  ].join("\n");
  const mappings = parseCodeMappings(new Uint8Array(new TextEncoder().encode(text)));
  assertEquals(
    mappings.map(({ start, end, offset, device, inode, text }) => [
      start.toString(16),
      end - start,
      offset,
      device,
      inode,
      text,
    ]),
    [
      ["55d0c0a01000", 0x4000, 0x1000, "fe:00", 77n, "/usr/bin/a b"],
      ["7f0000000000", 0x1000, 0, "00:01", 2049n, "/memfd:code (deleted)"],
      ["7f0000001000", 0x1000, 0, "00:00", 0n, ""],
      ["7f0000002000", 0x1000, 0x2000, "fe:00", 78n, "/tmp/two\\012lines"],
      ["7f0000003000", 0x1000, 0, "fe:00", 79n, "/tmp/a\rb\u2028c\u2029d"],
      ["ffffffffff600000", 0x1000, 0, "00:00", 0n, "[vsyscall]"],
    ],
  );
});

Deno.test("a cache forgets what was not asked for the longest", () => {
  const cache = new LeastRecentlyUsed<string, number>(10);
  for (const [at, key] of ["a", "b", "c"].entries()) cache.add(key, at, 4);
  assertEquals([cache.get("a"), cache.get("b"), cache.get("c")], [undefined, 1, 2]);
  cache.get("b");
  cache.add("d", 3, 4);
  assertEquals([cache.get("b"), cache.get("c"), cache.size], [1, undefined, 2]);
  cache.add("huge", 4, 1000);
  assertEquals([cache.get("huge"), cache.size], [4, 1]);
});

Deno.test("a cache forgets the oldest when another grows, or when there are too many", () => {
  const cache = new LeastRecentlyUsed<string, number>(10, 3);
  for (const key of ["a", "b", "c", "d"]) cache.add(key, 1, 1);
  assertEquals([cache.get("a"), cache.size, cache.cost], [undefined, 3, 3]);
  cache.get("d");
  cache.weigh("d", 9);
  assertEquals([cache.get("b"), cache.size, cache.cost], [undefined, 2, 10]);
  cache.weigh("d", 100);
  assertEquals([cache.get("c"), cache.get("d"), cache.cost], [undefined, 1, 100]);
});
