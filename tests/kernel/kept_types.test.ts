import { assert, assertEquals } from "@std/assert";
import { KeptTypes } from "#lib/objects/kept_types.ts";
import { neededTypes } from "#lib/objects/needed_types.ts";
import { BpfObject } from "#lib/objects/object.ts";
import { PrivateFolder } from "#lib/sys/private_folder.ts";
import { hasFeature, kernelTest, startCommand } from "./harness.ts";

const root = new URL("../../", import.meta.url).pathname;
const OBJECTS = ["execsnoop", "variants/execsnoop_brief", "bootstrap", "syscount", "minimal"];

/** A user that is not root: nobody. */
const OTHER = 65534;

const libbpf = Deno.dlopen("libbpf.so.1", {
  // const struct bpf_insn *bpf_program__insns(const struct bpf_program *prog)
  bpf_program__insns: { parameters: ["pointer"], result: "pointer" },
});

function objectBytes(name: string): Uint8Array<ArrayBuffer> {
  return Deno.readFileSync(`${root}build/${name}.bpf.o`);
}

/** A folder that is gone afterwards. */
function temporary() {
  const path = Deno.makeTempDirSync();
  return { path, [Symbol.dispose]: () => Deno.removeSync(path, { recursive: true }) };
}

/** The instructions of all programs that can be loaded here, relocated by the types in a file. */
function relocated(name: string, btf_custom_path?: string): Record<string, string> {
  using object = BpfObject.open(objectBytes(name), { btf_custom_path });
  for (const program of object.programs) {
    // It calls bpf_task_pt_regs(), of Linux 5.15.
    if (program.name === "tp_exit") program.autoload = hasFeature("bpf_loop");
  }
  object.load();
  const loaded = object.programs.filter((program) => program.autoload);
  return Object.fromEntries(loaded.map((program) => {
    const at = libbpf.symbols.bpf_program__insns(program.libbpfProgram());
    const size = program.instructions * 8;
    return [program.name, new Uint8Array(Deno.UnsafePointerView.getArrayBuffer(at!, size)).toHex()];
  }));
}

for (const name of OBJECTS) {
  kernelTest(`what is kept relocates ${name} as all types of the kernel do`, {}, () => {
    using folder = temporary();
    const types = neededTypes(objectBytes(name));
    assert(types !== undefined);
    assert(types.length < 100_000, `${types.length} bytes`);
    Deno.writeFileSync(`${folder.path}/types`, types);
    assertEquals(relocated(name, `${folder.path}/types`), relocated(name));
  });
}

kernelTest("types are found again by the same object and kernel, and only whole", {}, async () => {
  using folder = temporary();
  const at = `${folder.path}/kept`;
  const found = (hash = "ab12") => {
    using kept = KeptTypes.of(hash, at)!;
    return kept.path !== undefined;
  };
  const [name] = await keep(at, "ab12");
  assert(found());
  assert(!found("ab13"), "another object's are not taken");

  const file = `${at}/${name}`;
  const whole = Deno.readFileSync(file);
  for (const byte of [0, 100, whole.length >> 1, whole.length - 1]) {
    const damaged = whole.slice();
    damaged[byte] ^= 1;
    Deno.writeFileSync(file, damaged);
    assert(!found(), `byte ${byte}`);
  }
  for (const size of [0, 1, whole.length >> 1, whole.length - 2]) {
    Deno.writeFileSync(file, whole.subarray(0, size));
    assert(!found(), `${size} bytes`);
  }
  Deno.writeFileSync(file, whole);
  assert(found());
  Deno.renameSync(file, file.replace(/-.*/, "-ab13"));
  assert(!found("ab13"), "a file under another's name");
});

/** Keeps the types of minimal. @returns the files that there are then */
async function keep(folder: string, hash: string): Promise<string[]> {
  using kept = KeptTypes.of(hash, folder)!;
  assertEquals(kept.path, undefined);
  await kept.prepare();
  kept.keep(objectBytes("minimal"));
  return [...Deno.readDirSync(folder)].map(({ name }) => name);
}

kernelTest("a private folder is root's alone, or is not used", {}, () => {
  using folder = temporary();
  const path = `${folder.path}/private`;
  const isOpened = () => {
    using opened = PrivateFolder.open(path);
    return opened !== undefined;
  };
  assert(!isOpened(), "there is none");
  PrivateFolder.open(path, { create: true })![Symbol.dispose]();
  assertEquals(Deno.statSync(path).mode! & 0o777, 0o700);
  assert(isOpened());
  for (const mode of [0o755, 0o770, 0o701]) {
    Deno.chmodSync(path, mode);
    assert(!isOpened(), mode.toString(8));
  }
  Deno.chmodSync(path, 0o700);
  Deno.chownSync(path, OTHER, OTHER);
  assert(!isOpened(), "another user's");
  Deno.chownSync(path, 0, 0);
  Deno.renameSync(path, `${path}.moved`);
  Deno.symlinkSync(`${path}.moved`, path);
  assert(!isOpened(), "a symbolic link");
  Deno.removeSync(path);
  Deno.writeTextFileSync(path, "");
  assert(!isOpened(), "a file");
});

kernelTest("a file of a private folder is root's alone, or is not read", {}, () => {
  using outer = temporary();
  using folder = PrivateFolder.open(`${outer.path}/private`, { create: true })!;
  const path = `${outer.path}/private/file`;
  const text = () => {
    using file = folder.openFile("file");
    return file && new TextDecoder().decode(file.readAll());
  };
  assertEquals(text(), undefined);
  const write = (text: string) => folder.write("file", new TextEncoder().encode(text));
  assert(write("first"));
  Deno.writeTextFileSync(`${outer.path}/private/.file.${Deno.pid}`, "left behind by another");
  assert(write("second"));
  assertEquals(text(), "second");
  assertEquals([...Deno.readDirSync(`${outer.path}/private`)].map(({ name }) => name), ["file"]);
  assertEquals(Deno.statSync(path).mode! & 0o777, 0o600);
  Deno.chmodSync(path, 0o644);
  assertEquals(text(), undefined, "readable for others");
  Deno.chmodSync(path, 0o600);
  Deno.chownSync(path, OTHER, OTHER);
  assertEquals(text(), undefined, "another user's");
  Deno.chownSync(path, 0, 0);
  Deno.renameSync(path, `${path}.moved`);
  Deno.symlinkSync(`${path}.moved`, path);
  assertEquals(text(), undefined, "a symbolic link");
  Deno.removeSync(path);
  new Deno.Command("mkfifo", { args: ["-m", "600", path] }).outputSync();
  assertEquals(text(), undefined, "a FIFO");
  folder.remove("file");
  assertEquals(text(), undefined);
});

/** With a /run of its own; "$@" once, and once more where the kernel's types cannot be read. */
const TWICE =
  'mount -t tmpfs run /run && sh -c "$FIRST" >/dev/null && mount --bind /etc/passwd /sys/kernel/btf/vmlinux && ' +
  'exec "$@"';

/** From the second run on, nobody reads the kernel's types: where they are unreadable, a tool runs all the same. */
kernelTest("a tool reads the kernel's types at its first run only", {}, async () => {
  for (const name of ["execsnoop", "syscount", "bootstrap"]) {
    const tool = [
      ...[Deno.execPath(), "run", "--cached-only", "--allow-ffi", "--allow-read"],
      ...[`${root}tools/${name}.ts`, "--seconds", "0.5"],
    ];
    const run = async (first: string) => {
      await using process = startCommand(["unshare", "--mount", "sh", "-c", TWICE, "sh", ...tool], {
        env: { FIRST: first },
      });
      return await process.finish(60_000);
    };
    const once = await run("true");
    assert(once.code !== 0, `${name} cannot do without types`);
    const again = await run(tool.join(" "));
    assertEquals([again.code, again.stderr], [0, ""], name);
  }
});
