/**
 * Declarations as lines: one for a function, a value or a type; for a class or an interface its members as well,
 * indented. They are TypeScript as people write it, without bodies and comments.
 */

/** A part of what `deno doc --json` says. Its form is that of https://jsr.io/@deno/doc. */
// deno-lint-ignore no-explicit-any
type Json = any;

/** Choices that take more columns are broken. */
const LONGEST = 100;

/** The lines of a symbol: of each overload, and of a value and a type with one name. */
export function linesOf({ name, declarations }: Json): string[] {
  // The implementation of overloads is not for callers.
  const overloaded = declarations.some(({ kind, def }: Json) => isFunction(kind) && !def.hasBody);
  return declarations
    .filter(({ kind, def }: Json) => !(overloaded && isFunction(kind) && def.hasBody))
    .flatMap((declaration: Json) => declared(name, declaration));
}

function isFunction(kind: string): boolean {
  return kind === "function";
}

function declared(name: string, { kind, def }: Json): string[] {
  switch (kind) {
    case "function":
      return [`function ${name}${signature(def)}`];
    case "variable":
      return [`${def.kind} ${name}${typed(def.tsType)}`];
    case "typeAlias":
      return alias(`type ${name}${generics(def.typeParams)} =`, def.tsType);
    case "interface":
      return [
        `interface ${name}${generics(def.typeParams)}${listed(" extends ", def.extends)}`,
        ...membersOf(def).map((line) => `  ${line}`),
      ];
    case "class":
      return [
        `${def.isAbstract ? "abstract " : ""}class ${name}${generics(def.typeParams)}` +
        (def.extends ? ` extends ${def.extends}${actual(def.superTypeParams)}` : "") +
        listed(" implements ", def.implements),
        ...membersOf(def).map((line) => `  ${line}`),
      ];
    default:
      throw new Error(`api: ${name} is a ${kind}, which scripts/api/print.ts does not print`);
  }
}

/** A long choice has a line for each of what may be. */
function alias(start: string, of: Json): string[] {
  const line = `${start} ${type(of)}`;
  if (line.length <= LONGEST || of.kind !== "union") return [line];
  return [start, ...of.value.map((one: Json) => `  | ${type(one)}`)];
}

/** The members of a class, an interface or an object type, those of each kind in the order of the source. */
function membersOf(def: Json): string[] {
  return [
    ...(def.constructors ?? []).map((of: Json) =>
      of.accessibility === "private" ? "private constructor" : `constructor${signature(of)}`
    ),
    ...(def.callSignatures ?? []).map(signature),
    ...(def.indexSignatures ?? []).map((of: Json) =>
      `${of.readonly ? "readonly " : ""}[${of.params.map(parameter)}]${typed(of.tsType)}`
    ),
    ...(def.properties ?? []).filter(isPublic).map((of: Json) =>
      `${words(of)}${of.name}${of.optional ? "?" : ""}${typed(of.tsType)}`
    ),
    ...(def.methods ?? []).filter(isPublic).map(method),
  ];
}

function isPublic({ accessibility }: Json): boolean {
  return accessibility !== "private";
}

function method(of: Json): string {
  const kind = { getter: "get ", setter: "set " }[of.kind as string] ?? "";
  const rest = signature(of.functionDef ?? of);
  return `${words(of)}${kind}${of.name}${of.optional ? "?" : ""}` +
    (of.kind === "setter" ? rest.replace(/: void$/, "") : rest);
}

/** What stands in front of a member. */
function words(of: Json): string {
  return [
    of.accessibility,
    of.isStatic && "static",
    of.isAbstract && "abstract",
    of.readonly && "readonly",
  ].filter(Boolean).map((word) => `${word} `).join("");
}

/** From `<` or `(` on. */
function signature(of: Json): string {
  const params = of.params.map(parameter).join(", ");
  return `${generics(of.typeParams)}(${params})${typed(of.returnType ?? of.tsType)}`;
}

function parameter(param: Json): string {
  switch (param.kind) {
    case "assign": // what it is by default is not for callers
      return parameter({ ...param.left, optional: true });
    case "rest":
      return `...${param.arg.name}${typed(param.tsType)}`;
    case "object": // its parts are those of its type
      return `options${param.optional ? "?" : ""}${typed(param.tsType)}`;
    case "array":
      return `values${param.optional ? "?" : ""}${typed(param.tsType)}`;
    default:
      return `${words(param)}${param.name}${param.optional ? "?" : ""}${typed(param.tsType)}`;
  }
}

function typed(of: Json): string {
  return of === undefined || of === null ? "" : `: ${type(of)}`;
}

function type({ kind, value, repr }: Json): string {
  switch (kind) {
    case "typeRef":
      return value.typeName + actual(value.typeParams);
    case "keyword":
    case "this":
      return repr;
    case "literal":
      return literal(value, repr);
    case "union":
      return value.map(type).join(" | ");
    case "intersection":
      return value.map(type).join(" & ");
    case "array":
      return `${type(value)}[]`;
    case "tuple":
      return `[${value.map(type).join(", ")}]`;
    case "rest":
      return `...${type(value)}`;
    case "optional":
      return `${type(value)}?`;
    case "parenthesized":
      return `(${type(value)})`;
    case "typeOperator":
      return `${value.operator} ${type(value.tsType)}`;
    case "typeQuery":
      return `typeof ${value}`;
    case "indexedAccess":
      return `${type(value.objType)}[${type(value.indexType)}]`;
    case "infer":
      return `infer ${generic(value.typeParam)}`;
    case "conditional":
      return `${type(value.checkType)} extends ${type(value.extendsType)}` +
        ` ? ${type(value.trueType)} : ${type(value.falseType)}`;
    case "mapped":
      return mapped(value);
    case "fnOrConstructor":
      return value.constructor === true ? `new ${arrow(value)}` : arrow(value);
    case "typeLiteral":
      return value.properties || value.methods || value.indexSignatures || value.callSignatures
        ? `{ ${membersOf(value).join("; ")} }`
        : "{}";
    case "typePredicate":
      return `${value.asserts ? "asserts " : ""}${value.param.name ?? "this"}` +
        (value.type ? ` is ${type(value.type)}` : "");
    default:
      throw new Error(`api: scripts/api/print.ts does not print a type that is a ${kind}`);
  }
}

function arrow(of: Json): string {
  return `${generics(of.typeParams)}(${of.params.map(parameter).join(", ")}) => ${type(of.tsType)}`;
}

function mapped(of: Json): string {
  const { name, constraint } = of.typeParam;
  const as = of.nameType ? ` as ${type(of.nameType)}` : "";
  const sign = (given: Json, word: string) =>
    given === true ? word : given ? `${given}${word}` : "";
  return `{ ${sign(of.readonly, "readonly ")}[${name} in ${type(constraint)}${as}]` +
    `${sign(of.optional, "?")}${typed(of.tsType)} }`;
}

function literal({ kind, string, tsTypes }: Json, repr: string): string {
  if (kind === "string") return JSON.stringify(string);
  if (kind === "bigInt") return `${string}n`;
  if (kind !== "template") return repr;
  const parts = tsTypes.map((of: Json) =>
    of.kind === "literal" && of.value.kind === "string" ? of.value.string : `\${${type(of)}}`
  );
  return `\`${parts.join("")}\``;
}

/** What is declared between `<` and `>`. */
function generics(params: Json[] = []): string {
  return params.length === 0 ? "" : `<${params.map(generic).join(", ")}>`;
}

function generic({ name, constraint, default: fallback }: Json): string {
  return name + (constraint ? ` extends ${type(constraint)}` : "") +
    (fallback ? ` = ${type(fallback)}` : "");
}

/** What is given between `<` and `>`. */
function actual(types: Json[] = []): string {
  return types.length === 0 ? "" : `<${types.map(type).join(", ")}>`;
}

function listed(before: string, types: Json[] = []): string {
  return types.length === 0 ? "" : before + types.map(type).join(", ");
}
