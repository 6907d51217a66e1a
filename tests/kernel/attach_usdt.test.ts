import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { AttachUsdt } from "../../build/tests/skel/attach_usdt.ts";
import { attachUsdt, BpfError, libbpfVersion, LibraryError } from "#lib/mod.ts";
import { kernelTest } from "./harness.ts";
import { Probed } from "./probed.ts";

const STEPS = 23;
/** 0 + 1 + ... + 22, what the probe's argument adds up to. */
const SUM = 253n;

/**
 * libbpf 1.7 describes probes in another way. A fixture that was compiled for another libbpf than
 * the one that attaches it is reported.
 */
function open() {
  const skel = AttachUsdt.open();
  const { valueSize } = skel.maps.__bpf_usdt_specs as unknown as { valueSize: number };
  const isForeign = (valueSize > 208) !== (libbpfVersion().minor >= 7);
  if (!isForeign) return skel.load();
  using _ = skel;
  const error = assertThrows(() => skel.load(), LibraryError, "compiled with a usdt.bpf.h");
  assertStringIncludes(error.hint, "compile it with the headers of");
}

kernelTest("a USDT probe of one process gives its arguments", { needs: ["uprobe"] }, async () => {
  using skel = open();
  if (skel === undefined) return;
  await using probed = Probed.start(STEPS);
  await using other = Probed.start(29);
  const { on_step } = skel.progs;
  attachUsdt(on_step, Probed.path, "denobpf", "step", { pid: probed.pid, cookie: 7n });
  await Promise.all([probed.go(), other.go()]);
  assertEquals([skel.bss.calls, skel.bss.sum], [BigInt(STEPS), SUM]);
});

kernelTest(
  "a USDT probe has a cookie, and counts every process",
  { needs: ["attach_cookie"] },
  async () => {
    using skel = open();
    if (skel === undefined) return;
    await using probed = Probed.start(STEPS, STEPS);
    const { on_step } = skel.progs;
    using link = attachUsdt(on_step, Probed.path, "denobpf", "step", { cookie: 7n });
    await probed.go();
    assertEquals([skel.bss.calls, skel.bss.cookie], [BigInt(STEPS), 7n]);
    link.destroy();
    await probed.go();
    assertEquals(skel.bss.calls, BigInt(STEPS));
  },
);

kernelTest("a USDT probe that a file does not have is told, with the nearest", {}, () => {
  using skel = open();
  if (skel === undefined) return;
  const error = assertThrows(
    () => attachUsdt(skel.progs.on_step, Probed.path, "denobpf", "stepp"),
    BpfError,
  );
  assertStringIncludes(error.message, "probed has no USDT probe denobpf:stepp");
  assertEquals(error.hint, "did you mean denobpf:step?");
});
