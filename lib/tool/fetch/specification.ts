import { ValueError } from "../options/usage_errors.ts";
import { type Expression, parseExpression, parseType, type WrittenType } from "./expression.ts";
import { Scanner } from "./scanner.ts";

/** Where a probe is, as its user describes it. */
export interface Place {
  /** As it was given. */
  readonly text: string;
  /** Its first part, which says where the probe is. */
  readonly place: string;
  readonly kind: "function" | "return" | "tracepoint" | "usdt";
  /** The program or library; "" for the program of the traced processes; undefined for the kernel. */
  readonly file: string | undefined;
  /** The function; `category:name` of a tracepoint; `name` or `provider:name` of a USDT probe. */
  readonly name: string;
  /** Bytes from the start of the function. */
  readonly offset: number;
  /** Parameters as the user declares them. */
  readonly signature: readonly Parameter[] | undefined;
}

/** A probe as its user describes it: where, when, and what is shown. */
export interface Specification extends Place {
  readonly values: readonly Expression[];
  readonly predicate: Expression | undefined;
  /** A format of printf for the values, and where it begins. */
  readonly format: { readonly text: string; readonly at: number } | undefined;
}

/** A parameter of a function. */
export interface Parameter {
  readonly name: string;
  readonly type: WrittenType;
}

/** Characters: longer expressions are nobody's, and would overflow the stack. */
const LONGEST = 4096;

const KINDS = { p: "function", r: "return", t: "tracepoint", u: "usdt" } as const;

/** All up to a space or the parenthesis of a signature; a path may have spaces behind backslashes. */
const HEAD = /(?:\\[^]|[^\s("\\])+/y;

/**
 * Reads a probe in the form of the Python tool, `[p|r|t|u]:[FILE]:NAME[+OFFSET][(SIGNATURE)]`, and behind it in
 * any order values with commas in between, `(PREDICATE)`, and `"FORMAT"`, which a comma and values may follow.
 * @throws {ValueError} that points at what is wrong
 */
export function parseSpecification(text: string): Specification {
  const scanner = new Scanner(text);
  const place = parsePlace(scanner);
  const values: Expression[] = [];
  let predicate: Expression | undefined;
  let format: Specification["format"];
  while (!scanner.ended) {
    const { at } = scanner;
    if (scanner.sees("(") && isPredicate(scanner)) {
      if (predicate !== undefined) {
        throw scanner.wrong("there is a predicate already: join them by &&");
      }
      predicate = parsePredicate(scanner);
    } else if (scanner.sees('"')) {
      if (format !== undefined) throw scanner.wrong("there is a format already");
      format = { text: parseFormat(scanner), at };
      if (scanner.takes(",")) parseValues(scanner, values);
    } else {
      if (values.length > 0) throw scanner.wrong(", must be between two values");
      parseValues(scanner, values);
    }
  }
  return { text, ...place, values, predicate, format };
}

/** Where a probe is: `[p|r|t|u]:[FILE]:NAME[+OFFSET][(SIGNATURE)]`. */
export function parsePlace(scanner: Scanner): Omit<Place, "text"> {
  const { text } = scanner;
  if (text.length > LONGEST) throw new ValueError(`a probe has ${LONGEST} characters at most`);
  scanner.space();
  const start = scanner.at;
  const head = parseHead(scanner);
  const place = text.slice(start, scanner.at);
  const signature = scanner.text[scanner.at] === "(" ? parseSignature(scanner) : undefined;
  return { place, ...head, signature };
}

/** Whether what is between parentheses here is a predicate, and not the beginning of a value: `(int)arg1`. */
export function isPredicate(scanner: Scanner): boolean {
  const { at } = scanner;
  try {
    scanner.takes("(");
    const isCast = parseType(scanner) !== undefined && scanner.takes(")");
    if (isCast) return false;
    scanner.at = at;
    parsePredicate(scanner);
    return scanner.ended || /["(\w$]/.test(scanner.text[scanner.at]);
  } catch {
    return true; // what is wrong is reported when it is read
  } finally {
    scanner.at = at;
  }
}

type Head = Pick<Place, "kind" | "file" | "name" | "offset">;

function parseHead(scanner: Scanner): Head {
  const start = scanner.at;
  const head = scanner.take(HEAD)?.[0].replace(/\\([^])/g, "$1") ?? "";
  const [, letter = "p", rest = head] = /^([prtu]):(.*)$/s.exec(head) ?? [];
  const kind = KINDS[letter as keyof typeof KINDS];
  const [, file, behind] = /^([^:]*):(.*)$/s.exec(rest) ?? [];
  const name = behind ?? rest;
  if (name === "") throw scanner.wrong("the name of a function or a tracepoint is missing", start);
  if (/[*?]/.test(name)) {
    throw scanner.wrong(
      `${name} is a pattern: one name is taken here, funccount counts patterns`,
      start,
    );
  }
  if (kind === "tracepoint") {
    if (!file) throw scanner.wrong("a tracepoint is named t:CATEGORY:NAME", start);
    return { kind, file: undefined, name: `${file}:${name}`, offset: 0 };
  }
  if (kind === "usdt") {
    if (behind === undefined) throw scanner.wrong("a USDT probe is named u:FILE:NAME", start);
    return { kind, file, name, offset: 0 };
  }
  const [, symbol = name, hex] = /^(.+)\+(0x[0-9a-f]+|\d+)$/i.exec(name) ?? [];
  if (hex !== undefined && kind === "return") {
    throw scanner.wrong("a function returns from anywhere in it: +OFFSET is for p", start);
  }
  // `p::name` and `r:name` are functions of the kernel, `:name` one of the process's program.
  const isTyped = head !== rest;
  return {
    kind,
    file: isTyped && !file ? undefined : file,
    name: symbol,
    offset: Number(hex ?? 0),
  };
}

/** `(int fd, const char *name)`, directly behind the name. */
function parseSignature(scanner: Scanner): Parameter[] {
  scanner.takes("(");
  const parameters: Parameter[] = [];
  if (scanner.takes(")")) return parameters;
  do {
    if (scanner.takes("...")) break; // what nobody names
    const type = parseType(scanner);
    if (type === undefined) throw scanner.wrong("a type of C must be here, as in NAME(int fd)");
    scanner.space();
    const name = scanner.take(/[A-Za-z_]\w*/y)?.[0];
    if (name === undefined && type.name !== "void") {
      throw scanner.wrong("the name of the parameter is missing");
    }
    if (name !== undefined) parameters.push({ name, type });
  } while (scanner.takes(","));
  if (!scanner.takes(")")) throw scanner.wrong(") is missing behind the parameters");
  return parameters;
}

export function parsePredicate(scanner: Scanner): Expression {
  const { at } = scanner;
  scanner.takes("(");
  const predicate = parseExpression(scanner);
  if (!scanner.takes(")")) {
    throw scanner.wrong(`) is missing: ( is character ${at + 1}`);
  }
  return predicate;
}

function parseFormat(scanner: Scanner): string {
  const found = scanner.take(/"((?:[^"\\]|\\[^])*)"/y);
  if (found === null) throw scanner.wrong('" is missing behind the format');
  return found[1];
}

export function parseValues(scanner: Scanner, values: Expression[]): void {
  do {
    values.push(parseExpression(scanner));
  } while (scanner.takes(","));
}
