/** Options of the kernel's configuration that an object cannot do without. */
import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { Kconfig } from "../../build/tests/skel/kconfig.ts";
import { BpfError, BpfObject, kernelOptions } from "#lib/mod.ts";
import { renameAll } from "../fuzz/rename.ts";
import { kernelTest, startCommand } from "./harness.ts";

const path = new URL("../../build/tests/kconfig.bpf.o", import.meta.url).pathname;

kernelTest("an option's value can be given when an object is opened", {}, () => {
  using skel = Kconfig.open({ kconfig: "CONFIG_HZ=997\n" }).load();
  assertEquals(skel.kconfig.CONFIG_HZ, 997);
});

kernelTest("an option that the kernel was built without is named", {}, async () => {
  const renamed = renameAll(
    Deno.readFileSync(path),
    (name) => name === "CONFIG_HZ" ? "CONFIG_NONE_SUCH" : name,
  );
  using object = BpfObject.open(renamed, { name: "renamed" });
  const error = assertThrows(() => object.load(), BpfError);
  const reason = await kernelOptions() === undefined
    ? "nothing says the value of CONFIG_NONE_SUCH"
    : "the kernel was built without CONFIG_NONE_SUCH";
  assertStringIncludes(error.message, `Cannot load renamed: ${reason}`);
  assertStringIncludes(error.hint!, "declare it __weak");
});

kernelTest("where the kernel's configuration cannot be read, that is reported", {}, async () => {
  const program = `
    import { BpfObject } from "${import.meta.resolve("#lib/mod.ts")}";
    using object = BpfObject.open("${path}");
    try {
      object.load();
    } catch (error) {
      console.log(error.message);
    }`;
  const hide = "for file in /proc/config.gz /boot; do test ! -e $file && continue; " +
    'if test -d $file; then mount -t tmpfs none $file; else mount --bind /dev/null $file; fi; done; exec "$@"';
  const command = ["unshare", "-m", "sh", "-c", hide, "sh"];
  const { code, stdout, stderr } = await startCommand(
    [...command, Deno.execPath(), "eval", "--ext=ts", program],
  ).finish();
  assertEquals([code, stderr], [0, ""]);
  assertStringIncludes(stdout, "nothing says the value of CONFIG_HZ: neither /proc/config.gz nor");
});
