import { assert, assertEquals } from "@std/assert";
import fc from "../fast_check.ts";
import { Budget } from "#lib/symbols/budget.ts";
import { demangle, demangleWithin } from "#lib/symbols/demangle.ts";

Deno.test("demangle() reads names of C++", () => {
  assertEquals(demangle("_ZN4shop7CounterIiE3addEi"), "shop::Counter<int>::add(int)");
  assertEquals(
    demangle("_ZNSt6vectorIiSaIiEED2Ev"),
    "std::vector<int, std::allocator<int> >::~vector()",
  );
  assertEquals(demangle("_ZplRK1AS1_"), "operator+(A const&, A const&)");
});

Deno.test("demangle() reads names of Rust, legacy without their hash, and v0", () => {
  assertEquals(
    demangle("_ZN4core3fmt9Formatter3pad17h0123456789abcdefE"),
    "core::fmt::Formatter::pad",
  );
  assertEquals(
    demangle(
      "_ZN58_$LT$alloc..string..String$u20$as$u20$core..fmt..Write$GT$9write_str17h0123456789abcdefE",
    ),
    "<alloc::string::String as core::fmt::Write>::write_str",
  );
  assertEquals(demangle("_RNvCs1234_7mycrate4main"), "mycrate::main");
});

Deno.test("demangle() leaves every other name as it is", () => {
  for (
    const name of ["main", "", "_", "_Z", "_R", "_Zqq", "_ZN", "__libc_start_main", "Z", "\udc80"]
  ) {
    assertEquals(demangle(name), name);
  }
});

/** A name that would unfold into gigabytes. */
function bomb(letter: string): string {
  let name = `_Z1${letter}1AIiiE`;
  for (let at = 0; at < 64; at++) {
    const digits = at.toString(36).toUpperCase();
    name += `S_IS${digits}_S${digits}_E`;
  }
  return name;
}

Deno.test("demangle() gives up a name that would unfold into gigabytes, and goes on", () => {
  assertEquals(demangle(bomb("f")), bomb("f"));
  assertEquals(demangle("_ZN3foo3barEv"), "foo::bar()");
  assertEquals(demangle("_Z" + "N".repeat(100_000)).length, 100_002);
});

Deno.test("demangle() never fails, whatever the name", () => {
  const parts = fc.constantFrom(
    ..."NKIEScStSaS_S0_T_LXDpFvidjPR19fooC1D2plnwGVTVUlvE_".match(/.{1,2}/g)!,
  );
  const name = fc.oneof(
    fc.array(parts, { maxLength: 40 }).map((all) => `_Z${all.join("")}`),
    fc.array(parts, { maxLength: 40 }).map((all) => `_R${all.join("")}`),
    fc.string({ unit: "binary", maxLength: 40 }).map((text) => `_ZN${text}`),
  );
  fc.assert(fc.property(name, (name) => assert(demangle(name).length > 0)), { numRuns: 3000 });
});

Deno.test("names that unfold are paid for once, and stay as they are when the budget is used up", () => {
  const budget = new Budget("its process", { most: 8 * 1024 * 1024, perSecond: 0 });
  for (const letter of "abcabcabc") {
    assertEquals(demangleWithin(bomb(letter), budget), bomb(letter));
  }
  assertEquals(demangleWithin("_ZN3new5namedEv", budget), "_ZN3new5namedEv");
  assertEquals(budget.used, 3 * 3 * 1024 * 1024);
  assertEquals(demangle("_ZN3new5namedEv"), "new::named()");
  assertEquals(demangleWithin("_ZN3new5namedEv", budget), "new::named()", "it is known by now");
  const other = new Budget("its process", { most: 1000, perSecond: 0 });
  assertEquals(demangleWithin("_ZN3one5namedEv", other), "one::named()");
  assertEquals(demangleWithin("_Zqqqq", other), "_Zqqqq");
  assert(other.used < 3000);
});
