/**
 * Names as people write them: C++ (the Itanium ABI) and Rust (legacy and v0) put a function's whole type
 * into its symbol. The work is done by the demanglers of Rust's symbolication libraries, cpp_demangle and
 * rustc-demangle, compiled to WebAssembly in the package gecko-profiler-demangle: what a program calls
 * its functions is its own choice, and code that parses it is best shut in.
 */
import { Budget, BudgetError, SORTED } from "./budget.ts";
import { demangler } from "./demangler.ts";
import { LeastRecentlyUsed } from "./least_recently_used.ts";

/** Longer names are left as they are. */
const LONGEST = 8192;

/** `_Z` is C++ or legacy Rust, `_R` is Rust v0. */
const MANGLED = /^_[ZR]/;

/** Work for a name that was given up, in bytes that could be read meanwhile. */
const GIVEN_UP = 3 * 1024 * 1024;

const unlimited = new Budget("nobody", { most: Infinity, perSecond: 0 });

/** The same functions are in most stacks. This many letters are kept. */
const known = new LeastRecentlyUsed<string, string>(4_000_000);

/**
 * The name that a mangled symbol stands for; any other name comes back as it is.
 *
 * @example
 * ```ts
 * import { demangle } from "@denobpf/denobpf/symbols";
 *
 * demangle("_ZN4core3fmt9Formatter3pad17h0123456789abcdefE"); // "core::fmt::Formatter::pad"
 * ```
 */
export function demangle(name: string): string {
  return demangleWithin(name, unlimited);
}

/**
 * {@link demangle} for a name that a traced process chose. It stays as it is once the budget is used up.
 * @param budget pays for names that are not known yet, by the letters that they unfold to
 */
export function demangleWithin(name: string, budget: Budget): string {
  if (!MANGLED.test(name) || name.length > LONGEST || !name.isWellFormed()) return name;
  const readable = known.get(name);
  if (readable !== undefined) return readable;
  try {
    budget.spend(() => unfold(name));
  } catch (error) {
    if (error instanceof BudgetError) return name;
    throw error;
  }
  return known.get(name) ?? name;
}

/** Makes a name known. @returns how much work it was */
function unfold(name: string): number {
  const result = demangler().demangle(name);
  // A name that it cannot read comes back without its underscore.
  const readable = result === undefined || name.endsWith(result) ? name : result;
  known.add(name, readable, name.length + readable.length);
  return result === undefined ? GIVEN_UP : SORTED * (name.length + result.length);
}
