/**
 * Expressions about what a program fetches, in the words of C:
 *
 * | | |
 * | --- | --- |
 * | names | `flags`, `args->filename`, `file->f_path.dentry->d_name.name`, `arg1`, `retval`, `$pid`, `O_CREAT` |
 * | memory | `*pointer`, `pointer[2]`, `*(u32 *)(arg1 + 8)` |
 * | types | `(int)arg1`, `(char *)arg1`, `((struct sk_buff *)arg1)->len` |
 * | whose | `name@user`, `name@kernel`: the memory that pointers lead to |
 * | constants | `4096`, `0x1000`, `010`, `'a'`, `"text"` |
 * | operators | `! ~ -` `* / %` `+ -` `<< >>` `< <= > >=` `== !=` `&` `^` `\|` `&&` `\|\|`, as tightly as in C |
 * | from bcc | `STRCMP("text", name)` for `name == "text"`, `$entry(name)`, `$retval` for `retval` |
 */
import type { Scanner } from "./scanner.ts";

/** Which memory pointers lead to. */
export type Space = "user" | "kernel";

/** What follows a name: a member of what it points to, or an element. */
export type Step =
  | { readonly member: string; readonly at: number }
  | { readonly index: number; readonly at: number };

/** A type as it was written: `struct file *`, `u32`. */
export interface WrittenType {
  /** `struct file`, `unsigned long`. */
  readonly name: string;
  /** How many `*` follow. */
  readonly pointers: number;
  readonly at: number;
}

/** A name, and where it leads to. */
export interface Path {
  readonly kind: "path";
  readonly name: string;
  readonly steps: readonly Step[];
  /** The type that the name, or what this many steps lead to, is taken for. */
  readonly cast?: WrittenType & { readonly after: number };
  readonly space?: Space;
  /** It is what was there when the call began: `$entry(name)`. */
  readonly entry?: boolean;
  readonly at: number;
  /** As it was written, without spaces. */
  readonly text: string;
}

/** `*(type *)(base + offset)`. */
export interface Memory {
  readonly kind: "memory";
  readonly base: Path | Memory;
  readonly offset: number;
  readonly type: WrittenType;
  readonly space?: Space;
  readonly entry?: boolean;
  readonly at: number;
  readonly text: string;
}

export type UnaryOperator = "!" | "~" | "-";
export type BinaryOperator = keyof typeof PRECEDENCE;

export type Expression =
  | Path
  | Memory
  | { readonly kind: "number"; readonly value: bigint; readonly at: number }
  | { readonly kind: "text"; readonly value: string; readonly at: number }
  | {
    readonly kind: "unary";
    readonly op: UnaryOperator;
    readonly operand: Expression;
    readonly at: number;
  }
  | {
    readonly kind: "binary";
    readonly op: BinaryOperator;
    readonly left: Expression;
    readonly right: Expression;
    readonly at: number;
  };

/** How tightly operators bind. */
const PRECEDENCE = {
  "||": 1,
  "&&": 2,
  "|": 3,
  "^": 4,
  "&": 5,
  "==": 6,
  "!=": 6,
  "<": 7,
  "<=": 7,
  ">": 7,
  ">=": 7,
  "<<": 8,
  ">>": 8,
  "+": 9,
  "-": 9,
  "*": 10,
  "/": 10,
  "%": 10,
};

/** Deeper nesting is nobody's expression, and would overflow the stack. */
const DEEPEST = 64;

const OPERATOR = /\|\||&&|==|!=|<<|>>|<=|>=|[|^&<>+\-*/%]/y;
const NAME = /\$?[A-Za-z_]\w*/y;
const NUMBER = /0[xX][0-9a-fA-F]+|0[0-7]+\b|\d+/y;
const SUFFIX = /[uUlL]*/y;
const TEXT = /"((?:[^"\\]|\\[^])*)"/y;
const CHARACTER = /'((?:[^'\\]|\\[^]))'/y;
const TYPE =
  /(?:const\s+)?((?:struct|union|enum)\s+\w+|(?:(?:unsigned|signed|long|short|int|char)\b\s*)+|(?:_Bool|bool|[us](?:8|16|32|64)|__[us](?:8|16|32|64)|u?int(?:8|16|32|64)_t|s?size_t|[a-z]\w*_t|void)\b)\s*((?:\*\s*(?:const\s*)?)*)/y;

/** A type where one may stand. @returns undefined if none does; nothing is read then */
export function parseType(scanner: Scanner): WrittenType | undefined {
  scanner.space();
  const { at } = scanner;
  const found = scanner.take(TYPE);
  if (found === null) return undefined;
  const name = found[1].trim().replace(/\s+/g, " ");
  return { name, pointers: found[2].replace(/[^*]/g, "").length, at };
}

/**
 * Reads an expression.
 * @throws {ValueError} that points at what is wrong
 */
export function parseExpression(scanner: Scanner): Expression {
  return new Parser(scanner).binary(1);
}

/** The letter that stands behind a backslash in C, for those that are not themselves. */
const ESCAPES: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", 0: "\0", e: "\x1b" };

/** What a text between quotes stands for. */
export function unescaped(text: string): string {
  return text.replace(/\\([^])/g, (_, letter) => ESCAPES[letter] ?? letter);
}

class Parser {
  readonly #scanner: Scanner;
  #depth = 0;

  constructor(scanner: Scanner) {
    this.#scanner = scanner;
  }

  /** Operators that bind at least as tightly as `least` says, and what they stand between. */
  binary(least: number): Expression {
    let left = this.#unary();
    for (;;) {
      const op = this.#operator(least);
      if (op === undefined) return left;
      const { at } = this.#scanner;
      this.#scanner.at += op.length;
      left = { kind: "binary", op, left, right: this.#nested(PRECEDENCE[op] + 1), at };
    }
  }

  #operator(least: number): BinaryOperator | undefined {
    this.#scanner.space();
    const { at } = this.#scanner;
    const op = this.#scanner.take(OPERATOR)?.[0] as BinaryOperator | undefined;
    this.#scanner.at = at;
    return op !== undefined && PRECEDENCE[op] >= least ? op : undefined;
  }

  #nested(least: number): Expression {
    if (++this.#depth > DEEPEST) throw this.#scanner.wrong("this is nested too deeply");
    const inner = this.binary(least);
    this.#depth--;
    return inner;
  }

  #unary(): Expression {
    const scanner = this.#scanner;
    scanner.space();
    const { at } = scanner;
    for (const op of ["!", "~", "-"] as const) {
      if (!scanner.takes(op)) continue;
      return { kind: "unary", op, operand: this.#tight(), at };
    }
    if (scanner.takes("*")) return this.#pointed(at);
    const cast = this.#cast();
    if (cast !== undefined) {
      const operand = this.#tight();
      if (operand.kind !== "path" || operand.cast !== undefined) {
        throw scanner.wrong("a type is for a name, as in (int)arg1", at);
      }
      const { steps } = operand;
      return this.#path({ ...operand, cast: { ...cast, after: steps.length }, at });
    }
    return this.#primary(at);
  }

  /** An operand of a unary operator. */
  #tight(): Expression {
    if (++this.#depth > DEEPEST) throw this.#scanner.wrong("this is nested too deeply");
    const inner = this.#unary();
    this.#depth--;
    return inner;
  }

  /** `(type)`, if that is next. */
  #cast(): WrittenType | undefined {
    const { at } = this.#scanner;
    if (this.#scanner.takes("(")) {
      const type = parseType(this.#scanner);
      if (type !== undefined && this.#scanner.takes(")")) return type;
    }
    this.#scanner.at = at;
    return undefined;
  }

  /** What follows a `*`. */
  #pointed(at: number): Expression {
    const scanner = this.#scanner;
    const type = this.#cast();
    if (type === undefined) {
      const operand = this.#tight();
      if (operand.kind !== "path") {
        throw scanner.wrong("* must be before the name of a pointer", at);
      }
      return this.#path({ ...operand, steps: [...operand.steps, { index: 0, at }], at });
    }
    if (type.pointers === 0) {
      throw scanner.wrong(`${type.name} is no pointer: *(${type.name} *)`, type.at);
    }
    const operand = this.#tight();
    const { base, offset } = sumOf(operand);
    if (base === undefined) {
      throw scanner.wrong("a name, or (name + number), must follow the type", operand.at);
    }
    const space = base.space ?? this.#space();
    const pointed = { ...type, pointers: type.pointers - 1 };
    const text = scanner.text.slice(at, scanner.at).trim();
    return { kind: "memory", base, offset, type: pointed, space, at, text };
  }

  #primary(at: number): Expression {
    const scanner = this.#scanner;
    if (scanner.takes("(")) {
      const inner = this.#nested(1);
      if (!scanner.takes(")")) throw scanner.wrong(") is missing");
      return inner.kind === "path" ? this.#path({ ...inner, at }) : inner;
    }
    const number = scanner.take(NUMBER)?.[0];
    if (number !== undefined) {
      scanner.take(SUFFIX);
      const octal = /^0\d/.test(number);
      if (octal && /[89]/.test(number)) throw scanner.wrong(`${number} is no octal number`, at);
      return { kind: "number", value: BigInt(octal ? `0o${number.slice(1)}` : number), at };
    }
    const text = scanner.take(TEXT)?.[1];
    if (text !== undefined) return { kind: "text", value: unescaped(text), at };
    const character = scanner.take(CHARACTER)?.[1];
    if (character !== undefined) {
      return { kind: "number", value: BigInt(unescaped(character).codePointAt(0)!), at };
    }
    const name = scanner.take(NAME)?.[0];
    if (name === undefined) {
      throw scanner.wrong(
        scanner.ended ? "something is missing" : "a name or a number must be here",
      );
    }
    // With a space in between it begins the predicate.
    if (name === "STRCMP" ? scanner.sees("(") : scanner.text[scanner.at] === "(") {
      return this.#call(name, at);
    }
    // bcc has `$retval`.
    const own = name === "$retval" ? "retval" : name;
    return this.#path({ kind: "path", name: own, steps: [], at, text: "" });
  }

  #call(name: string, at: number): Expression {
    const scanner = this.#scanner;
    if (name === "$entry") return this.#entry(at);
    if (name !== "STRCMP") {
      throw scanner.wrong(`there are no functions such as ${name}(): only values are fetched`, at);
    }
    scanner.takes("(");
    const left = this.#nested(1);
    if (!scanner.takes(",")) throw scanner.wrong(", must be between the two texts");
    const right = this.#nested(1);
    if (!scanner.takes(")")) throw scanner.wrong(") is missing");
    return { kind: "binary", op: "==", left, right, at };
  }

  /** `$entry(name)`. */
  #entry(at: number): Path | Memory {
    const scanner = this.#scanner;
    scanner.takes("(");
    const inner = this.#nested(1);
    if (!scanner.takes(")")) throw scanner.wrong(") is missing");
    if (!isName(inner)) throw scanner.wrong("$entry() takes a name, as in $entry(count)", at);
    return { ...inner, entry: true, at, text: scanner.text.slice(at, scanner.at).trim() };
  }

  /** Members, elements and the space behind a name. */
  #path(before: Path): Path {
    const scanner = this.#scanner;
    const steps = [...before.steps];
    for (;;) {
      const { at } = scanner;
      if (scanner.takes("->") || scanner.takes(".")) {
        scanner.space();
        const member = scanner.take(NAME)?.[0];
        if (member === undefined) throw scanner.wrong("the name of a member is missing");
        steps.push({ member, at: scanner.at - member.length });
      } else if (scanner.takes("[")) {
        scanner.space();
        const index = scanner.take(/\d{1,6}/y)?.[0];
        if (index === undefined || !scanner.takes("]")) {
          throw scanner.wrong("a number and ] must follow [");
        }
        steps.push({ index: Number(index), at });
      } else break;
    }
    const space = this.#space() ?? before.space;
    const text = scanner.text.slice(before.at, scanner.at).trim().replace(/\s+/g, " ");
    return { ...before, steps, ...space && { space }, text };
  }

  #space(): Space | undefined {
    return this.#scanner.take(/\s*@(user|kernel)\b/y)?.[1] as Space | undefined;
  }
}

/** `base + offset` and `base`, if that is what an expression is. */
function sumOf(expression: Expression): { base?: Path | Memory; offset: number } {
  if (isName(expression)) return { base: expression, offset: 0 };
  if (expression.kind !== "binary") return { offset: 0 };
  const { op, left, right } = expression;
  if (!isName(left) || right.kind !== "number") return { offset: 0 };
  if (op !== "+" && op !== "-" || right.value > 0x7fff_ffffn) return { offset: 0 };
  return { base: left, offset: Number(op === "+" ? right.value : -right.value) };
}

/** Whether it says where a value is, and needs not be computed. */
export function isName(expression: Expression): expression is Path | Memory {
  return expression.kind === "path" || expression.kind === "memory";
}
