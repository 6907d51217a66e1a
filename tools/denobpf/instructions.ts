/**
 * BPF instructions as text, in the words of the kernel's own kernel/bpf/disasm.c, which bpftool and the
 * verifier's log use as well. The encoding: Documentation/bpf/standardization/instruction-set.rst.
 */

/** One instruction, `struct bpf_insn` of include/uapi/linux/bpf.h. */
interface Instruction {
  readonly code: number;
  readonly dst: number;
  readonly src: number;
  readonly off: number;
  readonly imm: number;
}

/** An instruction as text. */
export interface Line {
  /** Its place: jumps count from the next one. */
  readonly index: number;
  /** Its bytes: 8, or 16 of those that load 64 bits. */
  readonly bytes: Uint8Array;
  readonly text: string;
}

/** The name of the kernel function that a call goes to, by its distance from `__bpf_call_base`. */
export type NameOfCall = (imm: number) => string | undefined;

const SIZE = 8;
const ALU = "+= -= *= /= |= &= <<= >>= neg %= ^= = s>>= endian".split(" ");
const ATOMIC = "add and or xor".split(" ");
const JUMP = "goto == > >= & != s> s>= call exit < <= s< s<=".split(" ");
const WIDTH = ["u32", "u16", "u8", "u64"];
const SIGNED_WIDTH = ["s32", "s16", "s8", "s64"];
/** `lddw`: the only instruction of 16 bytes. */
const LOAD_64 = 0x18;

/** @param code as the kernel gives it for `xlated`: 8 bytes an instruction */
export function* instructions(code: Uint8Array, nameOfCall: NameOfCall): Generator<Line> {
  const view = new DataView(code.buffer, code.byteOffset, code.byteLength);
  for (let at = 0; at + SIZE <= code.length;) {
    const insn = read(view, at);
    const wide = insn.code === LOAD_64 && at + 2 * SIZE <= code.length;
    const size = wide ? 2 * SIZE : SIZE;
    const high = wide ? read(view, at + SIZE).imm : 0;
    yield {
      index: at / SIZE,
      bytes: code.subarray(at, at + size),
      text: `(${hex(insn.code)}) ${textOf(insn, high, nameOfCall)}`,
    };
    at += size;
  }
}

function read(view: DataView, at: number): Instruction {
  const registers = view.getUint8(at + 1);
  return {
    code: view.getUint8(at),
    dst: registers & 0xf,
    src: registers >> 4,
    off: view.getInt16(at + 2, true),
    imm: view.getInt32(at + 4, true),
  };
}

function textOf(insn: Instruction, high: number, nameOfCall: NameOfCall): string {
  switch (insn.code & 7) {
    case 0:
      return loadText(insn, high);
    case 1: {
      const widths = (insn.code & 0xe0) === 0x80 ? SIGNED_WIDTH : WIDTH;
      return `r${insn.dst} = ${memory(insn, insn.src, widths)}`;
    }
    case 2:
      return (insn.code & 0xe0) === 0xc0 ? "nospec" : `${memory(insn, insn.dst)} = ${insn.imm}`;
    case 3:
      return storeText(insn);
    case 5:
    case 6:
      return jumpText(insn, nameOfCall);
    default:
      return arithmeticText(insn);
  }
}

/** Offsets that make more of a move than one: include/linux/filter.h, include/uapi/linux/bpf.h. */
const PER_CPU = -1;
const ADDRESS_SPACE = 1;

function arithmeticText({ code, dst, src, off, imm }: Instruction): string {
  const wide = (code & 7) === 7;
  const r = wide ? "r" : "w";
  const op = code >> 4;
  const fromRegister = (code & 8) !== 0;
  if (op === 13) {
    const order = wide ? "bswap" : fromRegister ? "be" : "le";
    return `r${dst} = ${order}${imm} r${dst}`;
  }
  if (op === 8) return `${r}${dst} = -${r}${dst}`;
  // An offset makes division signed, and extends the sign of what is moved.
  const sign = off !== 0 && (op === 3 || op === 9) ? "s" : "";
  if (wide && op === 11 && fromRegister && off === PER_CPU) {
    return `r${dst} = &(void __percpu *)(r${src})`;
  }
  if (wide && op === 11 && fromRegister && off === ADDRESS_SPACE) {
    return `r${dst} = addr_space_cast(r${src}, ${imm >>> 16}, ${imm & 0xffff})`;
  }
  const extended = [8, 16, 32].includes(off) && op === 11 && fromRegister ? `(s${off})` : "";
  const value = fromRegister ? `${extended}${r}${src}` : imm;
  return `${r}${dst} ${sign}${ALU[op] ?? "BUG"} ${value}`;
}

function storeText(insn: Instruction): string {
  const { code, dst, src, imm } = insn;
  if ((code & 0xe0) === 0x60) return `${memory(insn, dst)} = r${src}`;
  const where = memory(insn, dst);
  const pointer = where.slice(1); // without the star that reads it
  const bits = WIDTH[(code >> 3) & 3] === "u64" ? "64" : "";
  switch (imm) {
    case 0xe1:
      return `r${src} = atomic${bits}_xchg(${pointer}, r${src})`;
    case 0xf1:
      return `r0 = atomic${bits}_cmpxchg(${pointer}, r0, r${src})`;
    case 0x100:
      return `r${dst} = load_acquire(${memory(insn, src).slice(1)})`;
    case 0x110:
      return `store_release(${pointer}, r${src})`;
  }
  const names: Record<number, string> = { 0x00: "add", 0x40: "or", 0x50: "and", 0xa0: "xor" };
  const name = names[imm & 0xf0];
  if (name === undefined || !ATOMIC.includes(name)) return `BUG_${hex(code)}`;
  if ((imm & 1) === 0) return `lock ${where} ${ALU[imm >> 4]} r${src}`;
  return `r${src} = atomic${bits}_fetch_${name}(${pointer}, r${src})`;
}

/** The values of the source register of a 64-bit load: what the number stands for. */
const [MAP, MAP_VALUE, FUNCTION] = [1, 2, 4];

function loadText({ code, dst, src, imm }: Instruction, high: number): string {
  const width = WIDTH[(code >> 3) & 3];
  switch (code & 0xe0) {
    case 0x20:
      return `r0 = *(${width} *)skb[${imm}]`;
    case 0x40:
      return `r0 = *(${width} *)skb[r${src} + ${imm}]`;
  }
  if (code !== LOAD_64) return `BUG_ld_${hex(code)}`;
  if (src === MAP) return `r${dst} = map[id:${imm >>> 0}]`;
  if (src === MAP_VALUE) return `r${dst} = map[id:${imm >>> 0}][0]+${high >>> 0}`;
  if (src === FUNCTION) return `r${dst} = subprog[${signed(imm)}]`;
  const value = (BigInt(high >>> 0) << 32n) | BigInt(imm >>> 0);
  return `r${dst} = 0x${value.toString(16)}`;
}

function jumpText({ code, dst, src, off, imm }: Instruction, nameOfCall: NameOfCall): string {
  const wide = (code & 7) === 5;
  const op = code >> 4;
  switch (op) {
    case 0:
      return wide ? `goto pc${signed(off)}` : `gotol pc${signed(imm)}`;
    case 8:
      if (src === 1) return `call pc${signed(off)}`; // the verifier has moved it from imm
      return `call ${nameOfCall(imm) ?? "unknown"}#${imm}`;
    case 9:
      return "exit";
    case 14:
      return `may_goto pc${signed(off)}`;
  }
  const r = wide ? "r" : "w";
  const other = (code & 8) !== 0 ? `${r}${src}` : `0x${(imm >>> 0).toString(16)}`;
  return `if ${r}${dst} ${JUMP[op] ?? "BUG"} ${other} goto pc${signed(off)}`;
}

function memory({ code, off }: Instruction, register: number, widths = WIDTH): string {
  return `*(${widths[(code >> 3) & 3]} *)(r${register} ${signed(off)})`;
}

function signed(value: number): string {
  return value < 0 ? String(value) : `+${value}`;
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, "0");
}
