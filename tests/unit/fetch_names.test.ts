/** Where values are: by the notes of USDT probes, and by the formats of tracepoints. */
import { assertEquals } from "@std/assert";
import fc from "../fast_check.ts";
import { ARGUMENTS, registerAt, RESULT } from "#lib/tool/fetch/registers.ts";
import { parseFormatFile } from "#lib/tool/fetch/tracepoint_fields.ts";
import { usdtArguments } from "#lib/tool/fetch/usdt_arguments.ts";

const isX86 = Deno.build.arch === "x86_64";

Deno.test("registers are where the kernel keeps them", () => {
  if (!isX86) {
    assertEquals([ARGUMENTS.length, RESULT, registerAt("x7"), registerAt("w30")], [8, 0, 56, 240]);
    return;
  }
  // struct pt_regs of arch/x86/include/uapi/asm/ptrace.h: rdi, rsi, rdx, rcx, r8, r9, and rax.
  assertEquals(ARGUMENTS, [112, 104, 96, 88, 72, 64]);
  assertEquals(RESULT, 80);
  for (const name of ["rax", "eax", "ax", "al"]) assertEquals(registerAt(name), 80);
  for (const name of ["r8", "r8d", "r8w", "r8b"]) assertEquals(registerAt(name), 72);
  for (const name of ["rdi", "edi", "di", "dil"]) assertEquals(registerAt(name), 112);
  for (const name of ["xmm0", "rxx", "", "ah"]) assertEquals(registerAt(name), undefined);
});

Deno.test("arguments of USDT probes are registers, memory and constants", () => {
  const text = isX86
    ? "-4@%edi 8@-24(%rbp) 2@$-7 1@(%rax) 8@var(%rip) 8@-8(%rbp,%rax,8) 4f@%xmm0"
    : "-4@w3 8@[x29, -24] 2@-7 1@[x0] 8@[x1, x2] 8@nothing 4f@v0";
  const shown = usdtArguments(text).map((argument) => {
    if (typeof argument !== "object") return argument;
    const { at, steps, offsets, size, is_signed, space } = argument.fetch;
    return [at, steps, offsets[0], size, is_signed, space];
  });
  const [first, base, third] = isX86 ? [112, 32, 80] : [24, 232, 0];
  assertEquals(shown, [
    [first, 0, 0, 4, 1, 1],
    [base, 1, -24, 8, 0, 1],
    -7n,
    [third, 1, 0, 1, 0, 1],
    ...Array(3).fill(undefined),
  ]);
});

Deno.test("fields of tracepoints have their types, places and signs", () => {
  const text = `name: sched_process_exec
ID: 292
format:
	field:unsigned short common_type;	offset:0;	size:2;	signed:0;

	field:__data_loc char[] filename;	offset:8;	size:4;	signed:0;
	field:const char * name;	offset:16;	size:8;	signed:0;
	field:char comm[16];	offset:24;	size:16;	signed:0;
	field:unsigned long args[6];	offset:40;	size:48;	signed:0;
	field:pid_t pid;	offset:88;	size:4;	signed:1;

print fmt: "filename=%s pid=%d", __get_str(filename), REC->pid
`;
  assertEquals(
    parseFormatFile(text).map(({ name, type, offset, size, signed }) => [
      ...[name, type, offset, size, signed],
    ]),
    [
      ["common_type", "unsigned short", 0, 2, false],
      ["filename", "__data_loc char[]", 8, 4, false],
      ["name", "const char *", 16, 8, false],
      ["comm", "char[16]", 24, 16, false],
      ["args", "unsigned long[6]", 40, 48, false],
      ["pid", "pid_t", 88, 4, true],
    ],
  );
});

Deno.test("notes and formats of any content are read", () => {
  fc.assert(fc.property(fc.string(), (text) => {
    usdtArguments(text);
    usdtArguments(`8@${text} -4@%${text}`);
    parseFormatFile(`\tfield:${text};\toffset:1;\tsize:2;\tsigned:0;\n`);
  }));
});
