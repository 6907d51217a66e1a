/**
 * `--filter`: conditions that an event must meet, all of them.
 *
 * | | |
 * | --- | --- |
 * | conditions | condition, or several with `&&` in between |
 * | condition | field, operator, value; spaces around each of them are ignored |
 * | operator | `==` `!=` `<` `<=` `>` `>=`, and `~` `!~` for regular expressions |
 * | value | all up to the next `&&` or the end; in `"..."` or `'...'` as it is |
 *
 * The field's type decides how a value is read. An event that has no value for a field meets none of
 * its conditions, `!=` and `!~` included.
 */
import { encodeText } from "../../sys/text.ts";
import { regularExpression } from "../../sys/regex.ts";
import type { AnyKind } from "../members/kinds/kind.ts";
import type { Column, Members } from "../members/member.ts";
import { ValueError } from "../options/usage_errors.ts";
import { quoted } from "../text/escape.ts";
import { namedField } from "./named_fields.ts";

/** What `--filter` asks for. */
export interface Filter<E> {
  /** The fields that it looks at. */
  readonly names: readonly string[];
  passes(event: E): boolean;
}

/** What the order of a value and the one that is asked for must be: below 0, 0 or above. */
const ORDERS = {
  "<": (order: number) => order < 0,
  "<=": (order: number) => order <= 0,
  ">": (order: number) => order > 0,
  ">=": (order: number) => order >= 0,
};

type Comparison = "==" | "!=" | keyof typeof ORDERS;
type Operator = Comparison | "~" | "!~";
type Test<E> = (event: E) => boolean;

/**
 * Reads the values of `--filter`.
 * @throws {ValueError} that says where a condition is wrong, and why
 */
export function parseFilter<E>(fields: Members<E>, texts: readonly string[]): Filter<E> {
  const conditions = texts.flatMap((text) => [...parseConditions(fields, text)]);
  return {
    names: conditions.map(({ name }) => name),
    passes: (event) => conditions.every(({ test }) => test(event)),
  };
}

interface Condition<E> {
  readonly name: string;
  readonly test: Test<E>;
}

/** Each takes the spaces behind it as well. */
const SPACE = /\s*/y;
const NAME = /(\w+)\s*/y;
const OPERATOR = /(==|!=|<=|>=|!~|<|>|~)\s*/y;
const VALUE = /(?:"([^"]*)"|'([^']*)'|((?:(?!&&).)*))\s*/sy;
const AND = /&&\s*/y;

function* parseConditions<E>(fields: Members<E>, text: string): Generator<Condition<E>> {
  let at = 0;
  const take = (pattern: RegExp) => {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (found !== null) at = pattern.lastIndex;
    return found;
  };
  const wrong = (place: number, message: string) =>
    new ValueError(`${quoted(text)}, character ${place + 1}: ${message}`);
  const reading = <T>(place: number, read: () => T): T => {
    try {
      return read();
    } catch (error) {
      throw error instanceof ValueError ? wrong(place, error.message) : error;
    }
  };

  take(SPACE);
  for (;;) {
    const start = at;
    const name = take(NAME)?.[1];
    if (name === undefined) throw wrong(at, "the name of a field is missing");
    const field = reading(start, () => namedField(fields, name));

    const operator = take(OPERATOR)?.[1] as Operator | undefined;
    if (operator === undefined) {
      throw wrong(at, `one of == != < <= > >= ~ !~ must follow ${name}`);
    }

    const place = at;
    const [, double, single, bare] = take(VALUE)!;
    if (bare === "") throw wrong(place, 'a value is missing; "" is an empty one');
    if (bare?.includes("||")) throw wrong(place, "there is no ||, but ~ 'a|b'");
    const value = double ?? single ?? bare.trim();
    yield { name, test: reading(place, () => condition(field, operator, value)) };

    if (at === text.length) return;
    if (take(AND) === null) throw wrong(at, "&& or the end must follow a value");
  }
}

function condition<E>(column: Column<E>, operator: Operator, text: string): Test<E> {
  const { name, kind, value: valueOf } = column;
  const test = operator === "~" || operator === "!~"
    ? matching(kind, operator === "~", text)
    : comparing(name, kind, operator, text);
  return (event) => {
    const value = valueOf(event);
    return value !== undefined && test(value);
  };
}

function comparing(
  name: string,
  kind: AnyKind,
  operator: Comparison,
  text: string,
): (value: unknown) => boolean {
  if (kind.compare === undefined) {
    throw new ValueError(`${name} is a list of numbers: ~ and !~ are for it`);
  }
  const { equals, order } = kind.compare(text);
  if (operator === "==") return equals;
  if (operator === "!=") return (value) => !equals(value);
  if (order === undefined) {
    throw new ValueError(`${name} has no order: == != ~ and !~ are for ${kind.name}`);
  }
  const accept = ORDERS[operator];
  return (value) => accept(order(value));
}

/** Regular expressions look at a value as text: words with spaces in between, a time as JSON has it. */
function matching(kind: AnyKind, yes: boolean, pattern: string): (value: unknown) => boolean {
  let matches: ReturnType<typeof regularExpression>;
  try {
    matches = regularExpression(pattern);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new ValueError(`${quoted(pattern)} is no regular expression: ${error.message}`);
  }
  return (value) => matches(encodeText(kind.text(value) + "\0")) === yes;
}
