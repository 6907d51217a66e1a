/**
 * What the hooks of the kernel pass, against what the kernel halves take. Hooks move: an argument comes in front,
 * an event gets a struct of its own. A program may then load and read something else.
 */
import { assert } from "@std/assert";
import { Btf, type ResolvedType } from "#lib/btf/layout.ts";
import { tracepointArguments } from "#lib/btf/tracepoint.ts";
import { kernelIsAtLeast } from "#lib/sys/kernel.ts";
import { exists } from "../exists.ts";
import { kernelTest } from "./harness.ts";

/** The user half of this one asks for structs and arguments before it loads a form: tools/slabratetop/hooks.ts. */
const ASKS = "bpf/slabratetop.bpf.c";

const root = new URL("../../", import.meta.url).pathname;
const EVENTS = "/sys/kernel/tracing/events/";

/** A program of a kernel half. Several may be there for a hook, of which the user half loads one. */
interface Hooked {
  readonly file: string;
  /** `raw_tp`, `tp_btf`, `fentry`, `fexit`, `tp` */
  readonly kind: string;
  /** `sched_switch`, `sched/sched_switch` */
  readonly hook: string;
  /** What it takes, in C: `struct task_struct *task`; of a `tp` program its context. */
  readonly takes: readonly string[];
}

const PROGRAM =
  /SEC\("\??(raw_tp|tp_btf|fentry|fexit|tp)\/([\w/]+)"\)\s*int (?:BPF_PROG\((\w+)((?:,[^)]*)?)\)|(\w+)\((struct \w+ \*ctx)\))/g;

function* filesBelow(folder: string): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(root + folder)) {
    if (isDirectory) yield* filesBelow(`${folder}/${name}`);
    else yield `${folder}/${name}`;
  }
}

function hooked(): Hooked[] {
  return [...filesBelow("bpf")].flatMap((file) => {
    const text = Deno.readTextFileSync(root + file);
    return [...text.matchAll(PROGRAM)].flatMap(
      ([, kind, hook, traced, args = "", name = traced, ctx]) => {
        // the second form of a hook, which is loaded from Linux 7.0 on: lib/tool/trace/hooks.ts
        const is_second = name.startsWith("tp_") && text.includes(name.replace("tp_", "btf_"));
        if (is_second && !kernelIsAtLeast(7, 0)) return [];
        const declared = args.split(",").slice(1).map((arg) => arg.trim());
        const takes = ctx !== undefined && kind === "tp" ? [ctx] : declared;
        return [{ file, kind, hook, takes }];
      },
    );
  });
}

const structOf = (declared: string) => /\bstruct (\w+?)(?:___\w+)? \*/.exec(declared)?.[1];

/** What is wrong with an argument; undefined if nothing is. */
function mismatch(declared: string, type: ResolvedType): string | undefined {
  const target = type.kind === "pointer" ? Btf.kernel().resolved(type.type) : undefined;
  const passed = target === undefined
    ? `a ${type.kind}`
    : `a pointer to ${"name" in target ? target.name : target.kind}`;
  const fits = declared.includes("*")
    ? target !== undefined &&
      [undefined, "name" in target && target.name].includes(structOf(declared))
    : ["int", "enum"].includes(type.kind);
  return fits ? undefined : `${declared} is ${passed}`;
}

/** The types that a hook passes, the result of a function behind its arguments; undefined if the kernel has it not. */
function passedBy({ kind, hook }: Hooked): ResolvedType[] | undefined {
  const btf = Btf.kernel();
  if (kind === "raw_tp" || kind === "tp_btf") {
    return tracepointArguments(hook)?.map(({ type }) => btf.resolved(type));
  }
  const id = btf.find("function", hook);
  const func = id === undefined ? undefined : btf.type(id);
  const prototype = func?.kind === "function" ? btf.resolved(func.type) : undefined;
  if (prototype?.kind !== "prototype") return undefined;
  const { parameters, returns } = prototype;
  const types = parameters.map(({ type }) => btf.resolved(type));
  return kind === "fexit" ? [...types, btf.resolved(returns)] : types;
}

/** How this kernel's hook differs from what a program takes: nothing if it has the hook not. */
function differences(program: Hooked): string[] {
  if (program.kind === "tp") return recordDifferences(program);
  const passed = passedBy(program);
  if (passed === undefined) return [];
  if (program.takes.length > passed.length) return [`it passes ${passed.length} arguments`];
  return program.takes.flatMap((declared, at) => mismatch(declared, passed[at]) ?? []);
}

/** The same for a classic tracepoint: the struct must have the fields that its record has, where they are. */
function recordDifferences({ hook, takes }: Hooked): string[] {
  const struct = structOf(takes[0]);
  const format = `${EVENTS}${hook}/format`;
  if (!struct?.startsWith("trace_event_raw_") || !exists(format)) return [];
  if (hook.startsWith("syscalls/")) return []; // all of them have one struct
  const id = Btf.kernel().find("struct", struct);
  const type = id === undefined ? undefined : Btf.kernel().type(id);
  if (type?.kind !== "struct") return [`there is no struct ${struct}`];
  const members = new Map(type.members.map(({ name, bitOffset }) => [name, bitOffset / 8]));
  const FIELD = /^\tfield:.*?(\w+)(?:\[[^\]]*\])*;\toffset:(\d+);/gm;
  const fields = [...Deno.readTextFileSync(format).matchAll(FIELD)]
    .filter(([text, name]) => !name.startsWith("common_") && !text.includes("__data_loc"));
  return fields.flatMap(([, name, offset]) =>
    members.get(name) === Number(offset) ? [] : `struct ${struct} has no ${name} at ${offset}`
  );
}

kernelTest("the hooks of this kernel pass what the kernel halves take", {}, () => {
  const all = hooked().filter(({ file }) => file !== ASKS);
  assert(all.length > 80, `${all.length} programs were found`);
  const byHook = Object.groupBy(all, ({ file, kind, hook }) => `${file}: ${kind}/${hook}`);
  const moved = Object.entries(byHook).flatMap(([name, programs]) => {
    const wrong = programs!.map(differences);
    return wrong.some((one) => one.length === 0) ? [] : `${name}: ${wrong.flat().join("; ")}`;
  });
  assert(moved.length === 0, `These hooks have moved:\n${moved.join("\n")}`);
});
