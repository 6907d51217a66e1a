/** What argdist is asked for: values to be counted, by themselves or by the slots of a histogram. */
import {
  type Expression,
  isName,
  parseExpression,
  parseType,
  type WrittenType,
} from "./expression.ts";
import { Scanner } from "./scanner.ts";
import {
  isPredicate,
  parsePlace,
  parsePredicate,
  parseValues,
  type Place,
} from "./specification.ts";

/** Where, when, and what is counted there. */
export interface Distribution extends Place {
  /** What stands above what is shown: behind `#`. */
  readonly label: string | undefined;
  readonly values: readonly Expression[];
  /** What each of them is taken for, if the user says. */
  readonly types: readonly WrittenType[] | undefined;
  readonly condition: Expression | undefined;
}

/**
 * Reads a specification in one of two forms, which begin and end alike: that of the Python tool,
 * `PLACE(SIGNATURE):TYPE,...:VALUE,...:CONDITION#LABEL`, or that of trace, `PLACE VALUE, ... (CONDITION) #LABEL`.
 * @throws {ValueError} that points at what is wrong
 */
export function parseDistribution(whole: string): Distribution {
  const [, text, label] = /^((?:[^#"']|"[^"]*"|'[^']*')*)(?:#(.*))?$/s.exec(whole) ?? [, whole];
  const scanner = new Scanner(text);
  const place = parsePlace(scanner);
  if (place.kind !== "usdt" && /:.*:/.test(place.name)) {
    throw scanner.wrong("() must be between the name and the colon behind it, as in NAME():int:fd");
  }
  const rest = text[scanner.at] === ":" ? parseColons(scanner) : parseWords(scanner);
  return { text, ...place, label: label?.trim() || undefined, ...rest };
}

type Rest = Pick<Distribution, "values" | "types" | "condition">;

/** `:TYPE,...:VALUE,...:CONDITION` */
function parseColons(scanner: Scanner): Rest {
  const types: WrittenType[] = [];
  scanner.takes(":");
  do {
    const type = parseType(scanner);
    if (type === undefined) throw scanner.wrong("a type of C must be here, as in NAME():int:fd");
    types.push(type);
  } while (scanner.takes(","));
  if (!scanner.takes(":")) throw scanner.wrong(": and a value must follow the type");
  const values: Expression[] = [];
  parseValues(scanner, values);
  if (values.length !== types.length) {
    const message = `there are ${types.length} types, and ${values.length} values`;
    throw scanner.wrong(message, types[0].at);
  }
  const condition = scanner.takes(":") && !scanner.ended ? parseExpression(scanner) : undefined;
  if (!scanner.ended) throw scanner.wrong("nothing more must follow here");
  return { types, values, condition };
}

/** ` VALUE, ... (CONDITION)` */
function parseWords(scanner: Scanner): Rest {
  const values: Expression[] = [];
  let condition: Expression | undefined;
  while (!scanner.ended) {
    if (scanner.sees("(") && isPredicate(scanner)) {
      if (condition !== undefined) {
        throw scanner.wrong("there is a condition already: join them by &&");
      }
      condition = parsePredicate(scanner);
    } else if (scanner.sees('"')) {
      throw scanner.wrong("formats are for trace: here values are counted");
    } else {
      if (values.length > 0) throw scanner.wrong(", must be between two values");
      parseValues(scanner, values);
    }
  }
  return { types: undefined, values, condition };
}

/** Whether an expression needs what is kept from the beginning of a call to its end. */
export function needsBeginning(
  { values, condition }: Distribution,
  isParameter: (name: string) => boolean,
): boolean {
  const all = condition === undefined ? values : [...values, condition];
  return all.some((one) => anyName(one, isParameter));
}

function anyName(expression: Expression, isParameter: (name: string) => boolean): boolean {
  if (isName(expression) && expression.entry) return true;
  switch (expression.kind) {
    case "number":
    case "text":
      return false;
    case "unary":
      return anyName(expression.operand, isParameter);
    case "binary":
      return [expression.left, expression.right].some((side) => anyName(side, isParameter));
    case "memory":
      return anyName(expression.base, isParameter);
    case "path":
      return expression.name === "$latency" || isParameter(expression.name);
  }
}
