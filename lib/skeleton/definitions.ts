import type { BtfEnum } from "../btf/types.ts";
import { describe, type Field, type Mapped, Place } from "./mapping.ts";
import { KINDS } from "./kinds.ts";
import { Names } from "./names.ts";
import { comment, literal } from "./safe_text.ts";

/** A struct or union as it is to be written. */
export interface Shape {
  /** What TypeScript calls it. */
  readonly name: string;
  /** What C calls it: `struct event`. */
  readonly spelled: string;
  readonly size: number;
  readonly fields: readonly Field[];
}

/** An interface and its codec, which reads every member at its own offset, with no table between. */
export function emitStruct(shape: Shape, view?: string): string {
  const { name, spelled, size, fields } = shape;
  const open = fields.some((field) => field.end === "record");
  const end = open ? `, end = at + ${size}` : "";
  // An empty struct has no use for them.
  const parameters = (names: string) => fields.length > 0 ? names + end : "";
  const reads = fields.map((field) =>
    `    ${field.name}: ${emitRead(field, "from", "at", "end")},\n`
  );
  const writes = fields.map((field) => `    ${emitPut("$.put", field)}\n`);
  // Members of a union overwrite one another: what was written must still be there at the end.
  const checks = fields.filter((field) => field.shared)
    .map((field) => `    ${emitPut("$.kept", field)}\n`);
  const kinds = emitKinds(shape, view);
  const type = view ? `$.EventCodec<${name}, ${view}>` : `$.Codec<${name}>`;
  return `${emitInterface(shape)}${kinds}
export const ${name}: ${type}${kinds && ` & { readonly kinds: typeof ${kindsOf(name)} }`} = {
  name: ${literal(spelled)},
  size: ${size},
  decode: (${parameters("from, at")}) => ({
${reads.join("")}  }),
  encode(${parameters("into, at, value")}) {
${writes.join("")}${checks.join("")}  },
${view ? `  view: () => new ${view}(),\n` : ""}${kinds && `  kinds: ${kindsOf(name)},\n`}};
`;
}

function kindsOf(name: string): string {
  return `${name}$kinds`;
}

/** The members whose kind C says: text is read as its cursor, where there is a view. */
function emitKinds({ name, spelled, fields }: Shape, view?: string): string {
  const members = fields.filter(({ kind }) => kind !== undefined).map((field) => {
    const cursor = view && field.mapped.lies ? "$" : "";
    return `  /** ${KINDS[field.kind!]}. */\n` +
      `  ${field.name}: $.kinded("${field.kind}", (r: ${
        view ?? name
      }) => r.${cursor}${field.name}),\n`;
  });
  if (members.length === 0) return "";
  return `
/** The members of \`${comment(spelled)}\` whose kind C says. */
const ${kindsOf(name)} = {
${members.join("")}};
`;
}

function emitRead(field: Field, from: string, at: string, end: string): string {
  return field.mapped.read(placeOf(field, from, at, end));
}

function placeOf(field: Field, from: string, at: string, end: string): Place {
  return new Place(from, at, field.offset, endOf(field, at, end));
}

/** Where a field's flexible array ends, as an expression. */
function endOf(field: Field, at: string, end: string): string | undefined {
  return typeof field.end === "number" ? new Place("", at, field.end).at() : field.end && end;
}

function emitPut(how: string, field: Field): string {
  const { name, mapped } = field;
  const place = placeOf(field, "into", "at", "end");
  const parts = ["into", place.at(), mapped.codec, literal(name), `value.${name}`, place.end];
  return `${how}(${parts.filter((part) => part !== undefined).join(", ")});`;
}

function emitInterface({ name, spelled, size, fields }: Shape, base = "", note = ""): string {
  const members = fields.map((field) =>
    `  /** ${describe(field.declaration, field.mapped, field.offset)} */\n` +
    `  readonly ${field.name}: ${field.mapped.type};\n`
  );
  return `/** \`${comment(spelled)}\`, ${size} bytes${note}. */
export interface ${name}${base} {
${members.join("")}}
`;
}

/** A class whose getters read a record where it lies. */
export function emitView({ name, spelled, fields }: Shape, view: string): string {
  const getters = fields.map((field) =>
    `  get ${field.name}(): ${field.mapped.type} {
    return ${emitRead(field, "this.$$bytes", "this.$$at", "this.$$end")};
  }
`
  );
  const texts = fields.map((field) => {
    const lies = field.mapped.lies?.(placeOf(field, "this.$$bytes", "this.$$at", "this.$$end"));
    return lies === undefined ? "" : `  /** Where \`${field.name}\` lies: nothing is decoded. */
  get $${field.name}(): $.RawText {
    return this.#${field.name}.place(${lies});
  }
  readonly #${field.name} = new $.RawText();
`;
  });
  return `/** Reads the members of a \`${comment(spelled)}\` where it lies in the ring buffer. */
export class ${view} extends $.RecordView implements ${name} {
${getters.join("")}${texts.join("")}}
`;
}

/** An interface and its codec. Which member counts is not in the bytes, so each is read on demand. */
export function emitUnion(shape: Shape): string {
  const { name, spelled, size, fields } = shape;
  const members = fields.map(({ name, offset, mapped, end }) =>
    `  ${name}: [${[offset, mapped.codec, ...(end === undefined ? [] : [end])].join(", ")}],\n`
  );
  return `${emitInterface(shape, " extends $.Union", ", which all members share")}
export const ${name}: $.UnionCodec<${name}> = $.union(${literal(spelled)}, ${size}, {
${members.join("")}});
`;
}

/** The named values, and a type that offers them and takes any other value of the size. */
export function emitEnum(
  type: BtfEnum,
  name: string,
  codec: string,
  base: Mapped,
  spelled: string,
): string {
  const names = Names.ofMembers();
  const suffix = base.type === "bigint" ? "n" : "";
  const values = type.values.map(({ name, value }) =>
    `  ${names.take(name)}: ${value}${suffix},\n`
  );
  return `/** \`${comment(spelled)}\` */
export const ${name} = {
${values.join("")}} as const;
export type ${name} = $.EnumOf<typeof ${name}, ${base.type}>;
const ${codec}: $.Codec<${name}> = ${base.codec};
`;
}
