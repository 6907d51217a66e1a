/** What this host offers to BPF tools. */
import { HINTS, memlockIsLow, privilegeHint } from "#lib/objects/diagnosis.ts";
import { attachKinds, mapKinds, programKinds } from "#lib/objects/features.ts";
import { LibraryError } from "#lib/libbpf/error.ts";
import { libbpfPlace, libbpfVersion } from "#lib/libbpf/library.ts";
import { capabilities, mayUseBpf } from "#lib/sys/capabilities.ts";
import {
  bpfJit,
  BTF_PATH,
  btfFile,
  chargesMemlock,
  hasBtf,
  kernelIsAtLeast,
  kernelRelease,
  lockdown,
  memlockLimit,
  unprivilegedBpfDisabled,
} from "#lib/sys/kernel.ts";
import { tracefs } from "#lib/sys/mounts.ts";
import { hasSeccompFilter, seccompForbidsBpf } from "#lib/sys/seccomp.ts";
import { inUserNamespace } from "#lib/sys/user_namespace.ts";
import type { Finding } from "./finding.ts";

/** Looks at everything that the tools stand on, one thing after the other. */
export function* examineHost(): Generator<Finding> {
  yield kernel();
  yield btf();
  yield library();
  yield tracingFiles();
  yield privileges();
  yield seccomp();
  yield lockdownLevel();
  yield unprivileged();
  yield jit();
  yield memlock();
  yield kinds("program types", programKinds);
  yield kinds("map types", mapKinds);
  yield kinds("attach kinds", attachKinds);
}

/** The first Linux with all that the tools need: ring buffers, CAP_BPF. */
const OLDEST = { major: 5, minor: 8 };

function kernel(): Finding {
  const release = kernelRelease();
  const detail = `Linux ${release}, ${Deno.build.arch}`;
  if (kernelIsAtLeast(OLDEST.major, OLDEST.minor)) {
    return { subject: "kernel", state: "ok", detail };
  }
  return { subject: "kernel", state: "no", detail, hint: "Linux 5.8 or later is needed" };
}

function btf(): Finding {
  const file = btfFile();
  if (file !== undefined) return { subject: "BTF", state: "ok", detail: `from ${file}` };
  if (hasBtf()) return { subject: "BTF", state: "ok", detail: BTF_PATH };
  return { subject: "BTF", state: "no", detail: `${BTF_PATH} is missing`, hint: HINTS.btf };
}

function library(): Finding {
  try {
    const { major, minor } = libbpfVersion();
    return { subject: "libbpf", state: "ok", detail: `${major}.${minor}, ${libbpfPlace()}` };
  } catch (error) {
    if (!(error instanceof LibraryError)) throw error;
    return { subject: "libbpf", state: "no", detail: error.message, hint: error.hint };
  }
}

function tracingFiles(): Finding {
  const folder = tracefs();
  if (folder !== undefined) return { subject: "tracefs", state: "ok", detail: folder };
  return {
    subject: "tracefs",
    state: "no",
    detail: "not mounted, or closed to this user",
    hint: "tools that need it mount it when root starts them",
  };
}

function privileges(): Finding {
  const detail = [...capabilities()].join(" ") || "none that BPF asks for";
  if (mayUseBpf()) return { subject: "capabilities", state: "ok", detail };
  return {
    subject: "capabilities",
    state: "no",
    detail: inUserNamespace() ? `of a user namespace: ${detail}` : detail,
    hint: privilegeHint(),
  };
}

function seccomp(): Finding {
  const subject = "seccomp";
  if (!hasSeccompFilter()) return { subject, state: "ok", detail: "no filter" };
  if (!mayUseBpf()) return { subject, state: "unknown", detail: "a filter" };
  if (!seccompForbidsBpf()) {
    return { subject, state: "ok", detail: "a filter, which lets bpf(2) through" };
  }
  return { subject, state: "no", detail: "a filter, which forbids bpf(2)", hint: HINTS.seccomp };
}

function lockdownLevel(): Finding {
  const level = lockdown();
  if (level === "confidentiality") {
    return { subject: "lockdown", state: "no", detail: level, hint: HINTS.lockdown };
  }
  return { subject: "lockdown", state: "ok", detail: level ?? "none that can be seen" };
}

/** It matters to those only who have no privileges, and the tools ask for these. */
function unprivileged(): Finding {
  const subject = "unprivileged BPF";
  switch (unprivilegedBpfDisabled()) {
    case undefined:
      return { subject, state: "unknown", detail: "the kernel has no such setting" };
    case 0:
      return { subject, state: "ok", detail: "0: some kinds are open to every user, no tracing" };
    default:
      return { subject, state: "ok", detail: `${unprivilegedBpfDisabled()}: closed` };
  }
}

function jit(): Finding {
  switch (bpfJit()) {
    case undefined:
      return { subject: "JIT", state: "unknown", detail: "only root can read it" };
    case 0:
      return {
        subject: "JIT",
        state: "less",
        detail: "off: programs are interpreted, which is slow",
        hint: "sysctl net.core.bpf_jit_enable=1",
      };
    default:
      return { subject: "JIT", state: "ok", detail: "on" };
  }
}

function memlock(): Finding {
  const subject = "memlock";
  const limit = memlockLimit();
  const amount = limit === Infinity ? "unlimited" : `${limit / 1024} KiB`;
  if (!chargesMemlock()) {
    return { subject, state: "ok", detail: `${amount}; BPF does not count against it` };
  }
  if (!memlockIsLow()) return { subject, state: "ok", detail: amount };
  if (capabilities().has("CAP_SYS_RESOURCE")) {
    return { subject, state: "ok", detail: `${amount}; libbpf raises it` };
  }
  return { subject, state: "less", detail: amount, hint: HINTS.memlock };
}

/** A kind of program, map or attachment, with the first Linux that has it. */
interface Kind {
  readonly name: string;
  readonly supported: boolean;
  readonly since: string | undefined;
}

/** Refused probes say nothing of the kernel where the process is refused everything. */
function kinds(subject: string, probe: () => readonly Kind[]): Finding {
  if (!mayUseBpf() || seccompForbidsBpf()) {
    return { subject, state: "unknown", detail: "cannot be probed by this process" };
  }
  try {
    const all = probe();
    const missing = all.filter((kind) => !kind.supported);
    const have = `${all.length - missing.length} of ${all.length}`;
    if (missing.length === 0) return { subject, state: "ok", detail: have };
    const detail = `${have}, not ${missing.map(probed).join(", ")}`;
    return { subject, state: "less", detail, hint: networkHint() };
  } catch (error) {
    return {
      subject,
      state: "unknown",
      detail: error instanceof Error ? error.message : `${error}`,
    };
  }
}

function networkHint(): string | undefined {
  const has = capabilities();
  if (has.has("CAP_SYS_ADMIN") || has.has("CAP_NET_ADMIN")) return undefined;
  return "those for networking need CAP_NET_ADMIN";
}

/** libbpf tries fentry for all of its type, to which the more common tp_btf belongs as well. */
function probed({ name, since }: Kind): string {
  if (name === "tracing") return "tracing (fentry)";
  const [major, minor] = (since ?? "0.0").split(".").map(Number);
  return kernelIsAtLeast(major, minor) ? name : `${name} (Linux ${since})`;
}
