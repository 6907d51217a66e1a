import { assert, assertEquals, assertThrows } from "@std/assert";
import { UnsupportedError } from "#lib/objects/errors.ts";
import {
  type AttachKindName,
  attachKinds,
  hasAttachKind,
  hasHelper,
  helpersOf,
  kernelOption,
  mapKinds,
  programKinds,
  requireAttachKind,
} from "#lib/objects/features.ts";
import { HELPER_SINCE, MAP_SINCE, PROGRAM_SINCE } from "#lib/objects/features/kernel_versions.ts";
import { parseKernelOptions } from "#lib/objects/features/kernel_options.ts";
import { kernelTest } from "./harness.ts";
import { run } from "./symbol_process.ts";
import { exists } from "../exists.ts";

const release = Deno.osRelease();

/** Whether the running kernel is this version or later: 5.8 comes before 5.10. */
function isAtLeast(version: string): boolean {
  const [own, wanted] = [release, version].map((text) =>
    text.split(".").map((part) => parseInt(part))
  );
  return own[0] > wanted[0] || own[0] === wanted[0] && own[1] >= wanted[1];
}

/** Debian's kernels have all that their version can have. */
const stock = /-(cloud-)?amd64$/.test(release);

kernelTest(
  "kinds are in the kernel's order, and those of a version are there from it on",
  {},
  () => {
    for (
      const [kinds, since] of [[programKinds(), PROGRAM_SINCE], [mapKinds(), MAP_SINCE]] as const
    ) {
      const numbers = kinds.map(({ number }) => number);
      assertEquals(numbers, [...numbers].sort((a, b) => a - b));
      assert(kinds.length >= 30);
      for (const { name, number, supported, since: version } of kinds) {
        assertEquals([...since.keys()][number - 1], version && name);
        if (supported && version !== undefined) {
          assert(
            isAtLeast(version),
            `${name} before ${version}`,
          );
        }
      }
    }
  },
);

kernelTest("the helpers that the verifier knows are those of the kernel's version", {
  needs: ["btf"],
}, () => {
  const names = enumerators("bpf_func_id").filter((name) => name.startsWith("BPF_FUNC_"));
  const known = names.map((name) => name.slice("BPF_FUNC_".length)).filter((name) =>
    name !== "unspec"
  );
  assertEquals([...HELPER_SINCE.keys()].slice(0, known.length), known);
  for (const [at, version] of [...HELPER_SINCE.values()].entries()) {
    assertEquals(
      at < known.length,
      isAtLeast(version),
      `${[...HELPER_SINCE.keys()][at]} ${version}`,
    );
  }
  for (const type of ["xdp", "kprobe", "socket_filter"] as const) {
    for (const { name, number, supported } of helpersOf(type)) {
      if (number > known.length) assertEquals(supported, false, `${type} ${name}`);
    }
  }
});

/** The names of an enum of the kernel, as bpftool prints them. */
function enumerators(name: string): string[] {
  const dump = run(
    "sh",
    "-c",
    "PATH=$PATH:/usr/sbin bpftool -j btf dump file /sys/kernel/btf/vmlinux",
  );
  const types: { kind: string; name: string; values: { name: string }[] }[] =
    JSON.parse(dump).types;
  return types.find((type) => type.kind === "ENUM" && type.name === name)!.values.map(({ name }) =>
    name
  );
}

kernelTest("a type of program may call its own helpers and no other's", {}, () => {
  assertEquals(hasHelper("xdp", "bpf_xdp_adjust_head"), true);
  assertEquals(hasHelper("xdp", "xdp_adjust_head"), true);
  assertEquals(hasHelper("kprobe", "bpf_xdp_adjust_head"), false);
  assertEquals(hasHelper("kprobe", "bpf_get_stackid"), true);
  assertEquals(hasHelper("xdp", "bpf_get_stackid"), false);
  assertEquals(hasHelper("tracing", "bpf_ringbuf_output"), true);
  assertThrows(() => hasHelper("kprobe", "bpf_ringbuf_outptu"), RangeError, "ringbuf_output");
  assertEquals(helpersOf("ext"), []);
});

kernelTest(
  "ways to attach are there from their version on, and all of them on a stock kernel",
  {},
  () => {
    const kinds = attachKinds();
    for (const { name, since, supported } of kinds) {
      if (supported) assert(isAtLeast(since), `${name} before Linux ${since}`);
      if (stock && isAtLeast(since) && !LEFT_OUT[name]?.(release)) {
        assert(supported, `no ${name} on Linux ${release}, which has it since ${since}`);
      }
    }
    const has = (name: AttachKindName) => hasAttachKind(name);
    assert(has("tracepoint") && has("raw_tracepoint") && has("perf_event") && has("uprobe"));
    assertEquals(has("kprobe"), exists("/sys/bus/event_source/devices/kprobe"));
  },
);

/** What stock kernels leave out: by their configuration, or of what runs by default. */
const LEFT_OUT: Partial<Record<AttachKindName, (release: string) => boolean>> = {
  "kprobe.multi": (release) => release.startsWith("6.1."), // CONFIG_FPROBE
  "lsm": (release) => release.startsWith("5.10."), // "bpf" in CONFIG_LSM
};

kernelTest("what a kernel lacks is named with the first Linux that has it", {}, () => {
  const missing = attachKinds().find(({ supported }) => !supported);
  if (missing !== undefined) {
    const error = assertThrows(
      () => requireAttachKind(missing.name, "attach it"),
      UnsupportedError,
    );
    assertEquals([error.feature, error.since], [missing.name, missing.since]);
  }
  requireAttachKind("raw_tracepoint", "attach it");
});

kernelTest("kernel options are read where the host has them", {}, async () => {
  const places = ["/proc/config.gz", `/boot/config-${release}`, `/lib/modules/${release}/config`];
  const told = places.some(exists);
  assertEquals(await kernelOption("CONFIG_BPF_SYSCALL"), told ? "y" : undefined);
  assertEquals(await kernelOption("BPF_SYSCALL"), told ? "y" : undefined);
  assertEquals(await kernelOption("CONFIG_NO_SUCH_OPTION"), told ? "n" : undefined);
});

Deno.test("kernel options are what the lines say that set one", () => {
  const text =
    '# Linux\nCONFIG_BPF=y\n# CONFIG_KPROBES is not set\nCONFIG_HZ=250\nCONFIG_LSM="a,b"\n';
  assertEquals([...parseKernelOptions(text)], [
    ["CONFIG_BPF", "y"],
    ["CONFIG_HZ", "250"],
    ["CONFIG_LSM", '"a,b"'],
  ]);
});
