/** Where registers are in `struct pt_regs`, in bytes: arch/x86/include/asm/ptrace.h, arch/arm64/include/asm/ptrace.h. */
const IS_ARM64 = Deno.build.arch === "aarch64";

const X86: Readonly<Record<string, number>> = {
  r15: 0,
  r14: 8,
  r13: 16,
  r12: 24,
  bp: 32,
  bx: 40,
  r11: 48,
  r10: 56,
  r9: 64,
  r8: 72,
  ax: 80,
  cx: 88,
  dx: 96,
  si: 104,
  di: 112,
  ip: 128,
  sp: 152,
};

/** Registers of arguments in their order: the System V ABI for x86-64, AAPCS64. */
export const ARGUMENTS: readonly number[] = IS_ARM64
  ? [0, 8, 16, 24, 32, 40, 48, 56]
  : ["di", "si", "dx", "cx", "r8", "r9"].map((name) => X86[name]);

/** The register of a result. */
export const RESULT = IS_ARM64 ? 0 : X86.ax;

/** The place of a register as assemblers name it: `rax`, `eax`, `al`, `r8d`; `x0`, `w0`, `sp`. */
export function registerAt(name: string): number | undefined {
  return IS_ARM64 ? arm64(name) : x86(name);
}

function x86(name: string): number | undefined {
  const [, number] = /^(r\d+)[dwb]?$/.exec(name) ?? [];
  if (number !== undefined) return X86[number];
  const [, letter] = /^[re]?([abcd])[xl]$/.exec(name) ?? [];
  if (letter !== undefined) return X86[`${letter}x`];
  const [, pair] = /^[re]?(si|di|bp|sp|ip)l?$/.exec(name) ?? [];
  return pair === undefined ? undefined : X86[pair];
}

function arm64(name: string): number | undefined {
  if (name === "sp") return 31 * 8;
  const [, number] = /^[xw](\d+)$/.exec(name) ?? [];
  return number === undefined || Number(number) > 30 ? undefined : Number(number) * 8;
}
