/** Files and names that a traced process brings along: programs, libraries, mangled names, maps. */
import { assert } from "@std/assert";
import fc from "../fast_check.ts";
import { demangle } from "#lib/symbols/demangle.ts";
import { ElfFile } from "#lib/symbols/elf.ts";
import { ElfError } from "#lib/symbols/elf_headers.ts";
import { JitSymbols, lastLines } from "#lib/symbols/jit_symbols.ts";
import { KernelSymbols } from "#lib/symbols/kallsyms.ts";
import { parseCodeMappings } from "#lib/symbols/process_maps.ts";
import { BytesSource } from "#lib/symbols/source.ts";
import { anyText, fuzz, mayThrow, mutations } from "./fuzz.ts";

const programs = ["tests/call", "tests/execs", "tests/types.bpf.o"]
  .map((path) => Deno.readFileSync(new URL(`../../build/${path}`, import.meta.url)));

fuzz(
  "a changed program is read, or refused with an ElfError",
  fc.constantFrom(...programs).chain(mutations),
  (bytes) => {
    const file = mayThrow([ElfError], () => new ElfFile(new BytesSource(bytes)));
    if (file === undefined) return;
    mayThrow([ElfError], () => file.buildId);
    mayThrow([ElfError], () => file.debugLink);
    const functions = mayThrow([ElfError], () => file.functions()) ?? [];
    for (const { name, address, fileOffset } of functions) {
      file.find(name);
      file.addressOf(fileOffset ?? address);
    }
    for (const section of file.sections) mayThrow([ElfError], () => file.bytesOf(section));
  },
  { runs: 400 },
);

fuzz(
  "any name is demangled, or stays as it is",
  anyText("_Z", "_R", "N", "4core", "St", "IJ", "E", "S0_", "_ZN", "17h0123456789abcdefE", "C"),
  (name) => assert(typeof demangle(name) === "string"),
  { runs: 1000 },
);

fuzz(
  "a process's map of any content gives the mappings that it has",
  anyText("7f00-7f01 ", "r-xp ", "00000000 ", "08:01 ", "42 ", "/lib/x.so", "\n", "[vdso]"),
  (text) => {
    const bytes = new Uint8Array(new TextEncoder().encode(text));
    assert(parseCodeMappings(bytes).length <= text.length);
  },
);

fuzz(
  "a list of kernel symbols of any content gives the symbols that it has",
  anyText("ffffffff81000000", " T ", "_text", "\t[module]", "\n"),
  (text) => {
    const bytes = new Uint8Array(new TextEncoder().encode(text));
    assert(new KernelSymbols(bytes).length <= text.length);
  },
);

fuzz(
  "a perf map of any content gives the functions that it has",
  anyText("7f6a554fdba0", "0x0000", " 110 ", "\t10\t", "long Spin.work(long)", "\n", "\r\n", "\0"),
  (text) => {
    const symbols = new JitSymbols();
    const { lines, count } = lastLines(new Uint8Array(new TextEncoder().encode(text)));
    symbols.add(lines, count);
    assert(symbols.size <= count);
    for (const at of [0, 0x10, 0x7f6a554fdba0]) assert(symbols.lookup(at)?.name !== "");
  },
);
