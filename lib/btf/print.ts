import type { Btf } from "./layout.ts";
import { type BtfComposite, type BtfEnum, BtfError, type BtfType, type TypeId } from "./types.ts";

/**
 * A type, or with `name` a declaration, as C writes it: `const volatile __u32 max_args`,
 * `char (*names)[16]`. A struct or union without a tag is `struct {...}`.
 *
 * @example
 * ```ts
 * import { BpfObject, Btf, printType } from "@denobpf/denobpf";
 * import { assertEquals } from "@std/assert";
 *
 * using object = BpfObject.open("build/bootstrap.bpf.o");
 * const btf = new Btf(object.btf());
 * assertEquals(printType(btf, btf.find("typedef", "__u32")!, "pid"), "__u32 pid");
 * ```
 */
export function printType(btf: Btf, id: TypeId, name = ""): string {
  return declare(btf, id, name, () => "{...}").trimEnd();
}

/**
 * A type with what is inside it, as C writes it, and with the members of anonymous structs, unions and
 * enums in it: `struct event {\n\tint pid;\n};`. Types that have nothing inside are declared.
 *
 * Padding is not shown: a struct that was aligned to more than its members need may be smaller when this
 * is compiled again.
 *
 * @example
 * ```ts
 * import { Btf, printDefinition } from "@denobpf/denobpf";
 *
 * const btf = Btf.kernel();
 * console.log(printDefinition(btf, btf.find("struct", "list_head")!));
 * ```
 *
 * @throws {BtfError} if there is more inside than can be printed
 */
export function printDefinition(btf: Btf, id: TypeId): string {
  const type = btf.type(id);
  const printer = new DefinitionPrinter(btf);
  switch (type.kind) {
    case "struct":
    case "union":
    case "enum":
      return `${type.kind} ${type.name && `${type.name} `}${printer.body(id, "")};`;
    case "typedef":
      return `typedef ${printer.declare(type.type, type.name, "")};`;
    default:
      return `${printType(btf, id)};`;
  }
}

/** Anonymous unions can lie within one another so that no memory holds them all. */
const MOST_LINES = 100_000;

class DefinitionPrinter {
  readonly #btf: Btf;
  readonly #alignments = new Map<TypeId, number>();
  #lines = 0;

  constructor(btf: Btf) {
    this.#btf = btf;
  }

  declare(id: TypeId, name: string, indent: string): string {
    return declare(this.#btf, id, name, (anonymous) => this.body(anonymous, indent)).trimEnd();
  }

  /** What is between the braces, and these. */
  body(id: TypeId, indent: string): string {
    const type = this.#btf.type(id);
    if (type.kind === "enum") return `{\n${this.#values(type, indent)}${indent}}`;
    if (type.kind !== "struct" && type.kind !== "union") return "{...}";
    const packed = this.#isPacked(type) ? " __attribute__((packed))" : "";
    return `{\n${this.#members(type, indent)}${indent}}${packed}`;
  }

  #members({ members }: BtfComposite, indent: string): string {
    return members.map(({ name, type, bitSize }) => {
      const width = bitSize > 0 ? `: ${bitSize}` : "";
      return this.#line(`${indent}\t${this.declare(type, name, `${indent}\t`)}${width};`);
    }).join("");
  }

  #values({ values }: BtfEnum, indent: string): string {
    return values.map(({ name, value }) => this.#line(`${indent}\t${name} = ${value},`)).join("");
  }

  /** Whether some member lies where it would not if the struct were not packed. */
  #isPacked({ members, size }: BtfComposite): boolean {
    return members.some(({ type, bitOffset, bitSize }) => {
      const alignment = this.#alignmentOf(type);
      return size % alignment !== 0 || (bitSize === 0 && bitOffset % (8 * alignment) !== 0);
    });
  }

  /** The alignment of a type in bytes, as far as its members say. */
  #alignmentOf(id: TypeId): number {
    let alignment = this.#alignments.get(id);
    if (alignment === undefined) this.#alignments.set(id, alignment = this.#findAlignment(id));
    return alignment;
  }

  #findAlignment(id: TypeId): number {
    const type = this.#btf.resolved(id);
    switch (type.kind) {
      case "int":
      case "float":
      case "enum":
        return [2, 4, 8, 16].includes(type.size) ? type.size : 1;
      case "pointer":
        return 8;
      case "array":
        return this.#alignmentOf(type.element);
      case "struct":
      case "union":
        if (this.#isPacked(type)) return 1;
        return Math.max(1, ...type.members.map((member) => this.#alignmentOf(member.type)));
      default:
        return 1;
    }
  }

  #line(text: string): string {
    if (++this.#lines > MOST_LINES) {
      throw new BtfError(`The type has more than ${MOST_LINES} lines`);
    }
    return `${text}\n`;
  }
}

/**
 * C's declarators read from the name outwards, so the text grows around `inner`, what is spelled so
 * far, while the walk goes from the outermost type to the one that has a name.
 * @param body what stands for a struct, union or enum without a tag
 */
function declare(
  btf: Btf,
  id: TypeId,
  inner: string,
  body: (anonymous: TypeId) => string,
): string {
  const type = btf.type(id);
  switch (type.kind) {
    case "void":
      return `void ${inner}`;
    case "struct":
    case "union":
    case "enum":
      return `${type.kind} ${type.name || body(id)} ${inner}`;
    case "forward":
      return `${type.of} ${type.name} ${inner}`;
    case "pointer": {
      const target = btf.type(type.type).kind;
      const grouped = target === "array" || target === "prototype";
      return declare(btf, type.type, grouped ? `(*${inner})` : `*${inner}`, body);
    }
    case "array":
      return declare(btf, type.element, `${inner}[${type.length || ""}]`, body);
    case "const":
    case "volatile":
    case "restrict":
      return qualified(btf, type.type).kind === "pointer"
        ? declare(btf, type.type, `${type.kind} ${inner}`.trimEnd(), body)
        : `${type.kind} ${declare(btf, type.type, inner, body)}`;
    case "type_tag":
    case "declaration_tag":
      return declare(btf, type.type, inner, body);
    case "prototype": {
      const parameters = type.parameters.map((parameter, at) =>
        parameter.type === 0 && at > 0 ? "..." : printType(btf, parameter.type, parameter.name)
      );
      return declare(btf, type.returns, `${inner}(${parameters.join(", ") || "void"})`, body);
    }
    case "variable":
    case "function":
      return declare(btf, type.type, type.name, body);
    default:
      return `${type.name === "_Bool" ? "bool" : type.name} ${inner}`;
  }
}

/** The type that qualifiers are of: those of a pointer stand behind its star, all others in front. */
function qualified(btf: Btf, id: TypeId): BtfType {
  const type = btf.type(id);
  switch (type.kind) {
    case "const":
    case "volatile":
    case "restrict":
      return qualified(btf, type.type);
    default:
      return type;
  }
}
