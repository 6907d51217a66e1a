import type { Btf } from "../btf/layout.ts";
import { printType } from "../btf/print.ts";
import { BtfError, type BtfSection } from "../btf/types.ts";
import { describe, type Mapped, Place } from "./mapping.ts";
import { Names } from "./names.ts";
import { comment, literal } from "./safe_text.ts";
import type { TypeMapper } from "./type_mapper.ts";

/** The text that a section of global variables becomes. */
export interface SectionText {
  /** The skeleton's property for it: `rodata`, `data_custom`. */
  readonly field: string;
  /** What that property is set to. */
  readonly value: string;
  /** The class of its variables. */
  readonly text: string;
}

/** Format strings that libbpf's own macros (`bpf_printk`) leave among the variables. */
const OF_MACROS = /(^|\.)___/;

/** A class with an accessor for each global variable of a section; undefined if it has none. */
export function emitSection(
  btf: Btf,
  mapper: TypeMapper,
  names: Names,
  section: BtfSection,
  size: number,
): SectionText | undefined {
  const members = Names.ofMembers();
  const accessors = section.variables.flatMap(({ type, offset, size: length }) => {
    const variable = btf.type(type);
    if (variable.kind !== "variable" || OF_MACROS.test(variable.name)) return [];
    const name = members.take(variable.name);
    if (offset + length > size) {
      const bytes = `the section's ${size} bytes`;
      throw new BtfError(`${section.name}: ${variable.name}: it lies beyond ${bytes}`);
    }
    const mapped = mapper.map(variable.type, name, length);
    const declaration = describe(printType(btf, type), mapped);
    return emitAccessors({ name, declaration, mapped, offset, end: offset + length }, section);
  });
  if (accessors.length === 0) return undefined;
  const field = section.name.slice(1).replaceAll(".", "_");
  const name = names.take(field);
  return {
    field,
    value: `new ${name}(this.section(${literal(section.name)}, ${size}))`,
    text: `/** The variables of \`${comment(section.name)}\`. */
class ${name} {
  readonly #section: $.DataSection;

  constructor(section: $.DataSection) {
    this.#section = section;
  }
${accessors.join("")}}
`,
  };
}

/** A global variable, `offset` to `end` in its section. */
interface Variable {
  readonly name: string;
  /** As a comment. */
  readonly declaration: string;
  readonly mapped: Mapped;
  readonly offset: number;
  readonly end: number;
}

function emitAccessors(variable: Variable, section: BtfSection): string {
  const { name, declaration, mapped, offset, end } = variable;
  const place = new Place("this.#section.readable()", "", offset, String(end));
  const getter = `
  /** ${declaration} */
  get ${name}(): ${mapped.type} {
    return ${mapped.read(place)};
  }
`;
  // The kernel's configuration is libbpf's to fill in.
  if (section.name === ".kconfig") return getter;
  const into = `this.#section.writable(${literal(name)})`;
  const put = [into, offset, mapped.codec, literal(name), "value", ...(mapped.open ? [end] : [])];
  return `${getter}  set ${name}(value: ${mapped.type}) {
    $.put(${put.join(", ")});
  }
`;
}
