/**
 * Messages of DNS: RFC 1035. They come from the network, and may be anything: whatever cannot be read is left out, and
 * what is read is bounded by the length of the message.
 */
import { addressText } from "#lib/tool/mod.ts";
import { classText, rcodeText, typeText } from "./names.ts";

/** A question or an answer, as far as it could be read. */
export interface Message {
  readonly id: number;
  readonly opcode: number;
  readonly rcode: string;
  /** `aa tc rd ra ad cd`, those that are set. */
  readonly flags: readonly string[];
  /** What is asked for, or `undefined` where that is cut off; an answer repeats it. */
  readonly question: Question | undefined;
  /** Records of the answer, as the header counts them. */
  readonly answers: number;
  readonly addresses: readonly string[];
  /** Names that were found: `CNAME www.example.org`. */
  readonly names: readonly string[];
  /** The least time that a record of the answer may be kept, in seconds. */
  readonly ttl: number | undefined;
  /** Whether a part of it could not be read. */
  readonly cut: boolean;
}

/** What is asked for. */
export interface Question {
  /** `www.example.org`; bytes other than letters and so on as `\ddd`. */
  readonly name: string;
  /** `AAAA` */
  readonly type: string;
  /** `IN` */
  readonly class: string;
}

/** Bytes of the header. */
const HEADER = 12;

/** Flags of the second half of the header's second word, and of the first. RFC 1035, 4.1.1, and RFC 4035, 3.2. */
const FLAGS = [["aa", 0x0400], ["tc", 0x0200], ["rd", 0x0100], ["ra", 0x0080], ["ad", 0x0020], [
  "cd",
  0x0010,
]] as const;

/** RFC 1035, 3.1: a name has 255 bytes at most, of which a label takes two or more. */
const MAX_NAME = 255;

/** The upper bits of a label's length, and what they mean: RFC 1035, 4.1.4. */
const POINTER = 0xc0;

/** Types of records that are read. */
const A = 1, NS = 2, CNAME = 5, PTR = 12, MX = 15, AAAA = 28, SRV = 33, DNAME = 39, OPT = 41;

/** How many bytes of these lie before the name in their data. */
const BEFORE_NAME: Readonly<Record<number, number>> = {
  [NS]: 0,
  [CNAME]: 0,
  [PTR]: 0,
  [DNAME]: 0,
  [MX]: 2,
  [SRV]: 6,
};

/** What stands where the message does not go on, or has what no message may have. */
class Cut extends Error {}

/** Reads one after the other. */
class Reader {
  at = HEADER;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  u8(): number {
    if (this.at >= this.#bytes.length) throw new Cut();
    return this.#bytes[this.at++];
  }

  u16(): number {
    return this.u8() << 8 | this.u8();
  }

  u32(): number {
    return (this.u16() << 16 | this.u16()) >>> 0;
  }

  take(length: number): Uint8Array {
    if (this.at + length > this.#bytes.length) throw new Cut();
    this.at += length;
    return this.#bytes.subarray(this.at - length, this.at);
  }

  /** A name, and what it points to: only to what lies before it, so it comes to an end. */
  name(): string {
    let text = "", length = 0, behind: number | undefined, from = this.at;
    for (;;) {
      const size = this.u8();
      if (size === 0) break;
      if ((size & POINTER) === POINTER) {
        const to = (size & ~POINTER) << 8 | this.u8();
        behind ??= this.at;
        if (to >= from) throw new Cut();
        this.at = from = to;
        continue;
      }
      length += size + 1;
      if (size & POINTER || length >= MAX_NAME) throw new Cut();
      text += `${text === "" ? "" : "."}${labelText(this.take(size))}`;
    }
    if (behind !== undefined) this.at = behind;
    return text === "" ? "." : text;
  }
}

/** A label as RFC 1035, 5.1, has it in text: what else could be taken for a dot, or is none of ASCII, is escaped. */
function labelText(label: Uint8Array): string {
  return Array.from(label, (byte) => {
    const character = String.fromCharCode(byte);
    if (character === "." || character === "\\") return `\\${character}`;
    return byte > 0x20 && byte < 0x7f ? character : `\\${String(byte).padStart(3, "0")}`;
  }).join("");
}

/**
 * Reads a message.
 * @param length how many bytes it has, of which not all need be here
 * @returns undefined if there is no whole header
 */
export function readMessage(bytes: Uint8Array, length: number): Message | undefined {
  if (bytes.length < HEADER) return undefined;
  const word = (at: number) => bytes[at] << 8 | bytes[at + 1];
  const flags = word(2);
  const message = {
    id: word(0),
    opcode: flags >> 11 & 0xf,
    rcode: rcodeText(flags & 0xf),
    flags: FLAGS.filter(([, bit]) => flags & bit).map(([name]) => name),
    question: undefined as Question | undefined,
    answers: word(6),
    addresses: [] as string[],
    names: [] as string[],
    ttl: undefined as number | undefined,
    cut: bytes.length < length,
  };
  const reader = new Reader(bytes);
  try {
    for (let at = 0; at < word(4); at++) {
      const question = readQuestion(reader);
      message.question ??= question;
    }
    const records = message.answers + word(8) + word(10);
    for (let at = 0; at < records; at++) {
      readRecord(reader, message, at < message.answers, flags & 0xf);
    }
  } catch (error) {
    if (!(error instanceof Cut)) throw error;
    message.cut = true;
  }
  return message;
}

function readQuestion(reader: Reader): Question {
  return { name: reader.name(), type: typeText(reader.u16()), class: classText(reader.u16()) };
}

/** What is written into as records are read. */
interface Found {
  rcode: string;
  addresses: string[];
  names: string[];
  ttl: number | undefined;
}

/** @param rcode the lower bits of it: an OPT record has the others (RFC 6891, 6.1.3) */
function readRecord(reader: Reader, found: Found, isAnswer: boolean, rcode: number): void {
  reader.name();
  const type = reader.u16();
  reader.u16(); // class
  const ttl = reader.u32();
  const end = reader.u16() + reader.at;
  if (type === OPT) found.rcode = rcodeText(ttl >>> 24 << 4 | rcode);
  if (isAnswer) {
    found.ttl = Math.min(found.ttl ?? ttl, ttl);
    readData(reader, found, type, end - reader.at);
  }
  if (reader.at > end) throw new Cut();
  reader.take(end - reader.at);
}

const MAPPED = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

function readData(reader: Reader, found: Found, type: number, length: number): void {
  if (type === A && length === 4) {
    found.addresses.push(addressText(Uint8Array.of(...MAPPED, ...reader.take(4))));
  } else if (type === AAAA && length === 16) {
    found.addresses.push(addressText(reader.take(16)));
  } else if (type in BEFORE_NAME) {
    reader.take(BEFORE_NAME[type]);
    found.names.push(`${typeText(type)} ${reader.name()}`);
  }
}
