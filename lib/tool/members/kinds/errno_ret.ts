import { errnoName, errnoNumber } from "../../../sys/errno.ts";
import { integerKind, wholeNumber } from "./integer.ts";
import { type Kind, ordered } from "./kind.ts";

/** The result of a call: 0 or more, or a negative errno, which tables show by its name. */
export const errnoRetKind: Kind<number> = {
  ...integerKind as Kind<number>,
  table: () => (value, out) => value < 0 ? out.string(errnoName(-value)) : out.integer(value),
  compare(wanted) {
    const errno = errnoNumber(wanted.toUpperCase());
    return ordered(errno === undefined ? wholeNumber(wanted) : -errno);
  },
};
