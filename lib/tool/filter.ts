/**
 * `--filter`: conditions that an event must meet, all of them.
 *
 * | | |
 * | --- | --- |
 * | conditions | condition, or several with `&&` in between |
 * | condition | field, operator, value; spaces around each of them are of no account |
 * | operator | `==` `!=` `<` `<=` `>` `>=`, and `~` `!~` for regular expressions |
 * | value | all up to the next `&&` or the end; in `"..."` or `'...'` as it is |
 *
 * The field's type decides how a value is read. An event that has no value for a field meets none of
 * its conditions, `!=` and `!~` included.
 */
import { encodeText } from "../sys/text.ts";
import { regularExpression } from "../sys/regex.ts";
import { quoted } from "./escape.ts";
import { structureText } from "./json.ts";
import type { Column, Fields } from "./field.ts";
import { namedField } from "./named_fields.ts";
import { parseTime } from "./options/parse_time.ts";
import { rfc3339 } from "./time.ts";
import { ValueError } from "./options/usage_errors.ts";
import { plainWords, type Words } from "./words.ts";

/** What `--filter` asks for. */
export interface Filter<E> {
  /** The fields that it looks at. */
  readonly names: readonly string[];
  passes(event: E): boolean;
}

/** How the value of an event, compared with the one that is asked for, may come out: below 0, 0, above. */
const ORDERS = {
  "==": (order: number) => order === 0,
  "!=": (order: number) => order !== 0,
  "<": (order: number) => order < 0,
  "<=": (order: number) => order <= 0,
  ">": (order: number) => order > 0,
  ">=": (order: number) => order >= 0,
};

type Comparison = keyof typeof ORDERS;
type Operator = Comparison | "~" | "!~";
type Test<E> = (event: E) => boolean;

/**
 * Reads the values of `--filter`.
 * @throws {ValueError} that says where a condition is wrong, and why
 */
export function parseFilter<E>(fields: Fields<E>, texts: readonly string[]): Filter<E> {
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

function* parseConditions<E>(fields: Fields<E>, text: string): Generator<Condition<E>> {
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

function condition<E>(field: Column<E>, operator: Operator, value: string): Test<E> {
  if (operator === "~" || operator === "!~") return matching(field, operator === "~", value);
  switch (field.type) {
    case "integer":
      return ordered(field, ORDERS[operator], wholeNumber(value));
    case "decimal":
      return ordered(field, ORDERS[operator], number(value));
    case "time":
      return ordered(field, ORDERS[operator], parseTime(value));
    case "text":
    case "boolean":
    case "words":
    case "structure":
      return equal(field, operator, value);
    case "integers":
      throw new ValueError(`${field.name} is a list of numbers: ~ and !~ are for it`);
  }
}

/** Numbers and bigints compare exactly with one another. */
function ordered<E, T extends number | bigint>(
  field: { value(event: E): T | undefined },
  accept: (order: number) => boolean,
  wanted: number | bigint,
): Test<E> {
  return (event) => {
    const value = field.value(event);
    return value !== undefined && accept(value < wanted ? -1 : value > wanted ? 1 : 0);
  };
}

/** Of words, one that equals is enough, and for `!=` none may. */
function equal<E>(
  field: Extract<Column<E>, { type: "text" | "boolean" | "words" | "structure" }>,
  operator: Comparison,
  wanted: string,
): Test<E> {
  if (operator !== "==" && operator !== "!=") {
    throw new ValueError(`${field.name} has no order: == != ~ and !~ are for ${field.type}`);
  }
  if (field.type === "boolean" && wanted !== "true" && wanted !== "false") {
    throw new ValueError(`${field.name} is true or false, not ${quoted(wanted)}`);
  }
  const yes = operator === "==";
  return (event) => {
    const words = field.type === "words" ? wordsOf(field.value(event)) : textOf(field, event);
    if (words === undefined) return false;
    const equals = typeof words === "object" ? words.includes(wanted) : words === wanted;
    return equals === yes;
  };
}

/** Regular expressions look at a value as text: words with spaces in between, a time as JSON has it. */
function matching<E>(field: Column<E>, yes: boolean, pattern: string): Test<E> {
  let matches: ReturnType<typeof regularExpression>;
  try {
    matches = regularExpression(pattern);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new ValueError(`${quoted(pattern)} is no regular expression: ${error.message}`);
  }
  return (event) => {
    const text = textOf(field, event);
    return text !== undefined && matches(encodeText(text + "\0")) === yes;
  };
}

function textOf<E>(field: Column<E>, event: E): string | undefined {
  if (field.type === "words") return wordsOf(field.value(event))?.join(" ");
  if (field.type === "integers") return field.value(event)?.join(" ");
  if (field.type === "time") {
    const time = field.value(event);
    return time === undefined ? undefined : rfc3339(time);
  }
  if (field.type === "structure") {
    const value = field.value(event);
    return value === undefined ? undefined : structureText(value);
  }
  return field.value(event)?.toString();
}

function wordsOf(words: Words | undefined): readonly string[] | undefined {
  return words && plainWords(words);
}

function wholeNumber(text: string): bigint {
  if (/^-?\d+$|^0x[\da-f]+$/i.test(text)) return BigInt(text);
  throw new ValueError(`${quoted(text)} is not a whole number`);
}

function number(text: string): number {
  if (/^-?(\d+\.?\d*|\.\d+)$/.test(text)) return Number(text);
  throw new ValueError(`${quoted(text)} is not a number`);
}
