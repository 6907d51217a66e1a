import { assertEquals } from "@std/assert";
import { kernelIsAtLeast } from "#lib/sys/kernel.ts";
import { type Loadable, loadHooks } from "#lib/tool/mod.ts";

/** The programs of these names that are loaded, where the hook `exit` is needed or not. */
function loaded(names: readonly string[], needed: boolean): string[] {
  const programs: Record<string, Loadable> = Object.fromEntries(
    names.map((name) => [name, { autoload: true }]),
  );
  loadHooks(programs as Record<`btf_exit`, Loadable>, { exit: needed });
  return names.filter((name) => programs[name].autoload);
}

Deno.test("of the forms of a hook one is loaded: the one that this kernel runs best", () => {
  const best = kernelIsAtLeast(7, 0) ? "tp_exit" : "btf_exit";
  assertEquals(loaded(["tp_exit", "btf_exit"], true), [best]);
});

Deno.test("a form that is the only one is loaded everywhere", () => {
  for (const name of ["tp_exit", "btf_exit"]) assertEquals(loaded([name], true), [name]);
});

Deno.test("a hook that is not needed is loaded in no form, and others stay as they are", () => {
  assertEquals(loaded(["tp_exit", "btf_exit", "tp_exec"], false), ["tp_exec"]);
});
