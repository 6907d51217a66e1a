/** Writes raw BTF by hand, for types that a compiler would not give. */
export class BtfBuilder {
  readonly #types: number[] = [];
  readonly #strings: number[] = [0];
  #count: number;
  readonly #firstString: number;

  /** @param count and `firstString`: types and bytes of strings in the BTF that this one goes on from */
  constructor(count = 0, firstString = 0) {
    this.#count = count;
    this.#firstString = firstString;
  }

  /** Adds a type and returns its id. `words` are the 32-bit words that follow its head. */
  add(
    kind: number,
    { name = "", sizeOrType = 0, count = 0, flag = false, words = [] as number[] } = {},
  ): number {
    const info = (flag ? 0x8000_0000 : 0) + kind * 0x100_0000 + count;
    for (const word of [this.string(name), info, sizeOrType, ...words]) {
      this.#types.push(word & 0xff, (word >>> 8) & 0xff, (word >>> 16) & 0xff, word >>> 24);
    }
    return ++this.#count;
  }

  /** Adds a string and returns its offset. */
  string(text: string): number {
    if (text === "") return 0;
    const offset = this.#firstString + this.#strings.length;
    this.#strings.push(...new TextEncoder().encode(text), 0);
    return offset;
  }

  int(name: string, size: number, encoding = 0): number {
    return this.add(1, { name, sizeOrType: size, words: [(encoding << 24) | (size * 8)] });
  }

  pointer(type: number): number {
    return this.add(2, { sizeOrType: type });
  }

  array(element: number, length: number): number {
    return this.add(3, { words: [element, 0, length] });
  }

  struct(name: string, size: number, members: [string, number, number][], kind = 4): number {
    const words = members.flatMap(([member, type, bit]) => [this.string(member), type, bit]);
    return this.add(kind, { name, sizeOrType: size, count: members.length, words });
  }

  union(name: string, size: number, members: [string, number, number][]): number {
    return this.struct(name, size, members, 5);
  }

  typedef(name: string, type: number): number {
    return this.add(8, { name, sizeOrType: type });
  }

  variable(name: string, type: number, linkage = 1): number {
    return this.add(14, { name, sizeOrType: type, words: [linkage] });
  }

  section(name: string, size: number, variables: [number, number, number][]): number {
    return this.add(15, {
      name,
      sizeOrType: size,
      count: variables.length,
      words: variables.flat(),
    });
  }

  bytes(): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(24 + this.#types.length + this.#strings.length);
    const view = new DataView(bytes.buffer);
    view.setUint16(0, 0xeb9f, true);
    view.setUint8(2, 1);
    view.setUint32(4, 24, true);
    view.setUint32(12, this.#types.length, true);
    view.setUint32(16, this.#types.length, true);
    view.setUint32(20, this.#strings.length, true);
    bytes.set(this.#types, 24);
    bytes.set(this.#strings, 24 + this.#types.length);
    return bytes;
  }
}
