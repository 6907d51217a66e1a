import { assertEquals, assertStringIncludes } from "@std/assert";
import { generateSkeleton } from "#lib/skeleton/generate.ts";
import { kernelTest } from "./harness.ts";

const root = new URL("../../", import.meta.url);

/** An object whose sections of types have other names, as if clang had been called without -g. */
function withoutTypes(object: string): Uint8Array<ArrayBuffer> {
  const bytes = Deno.readFileSync(new URL(`build/tests/${object}.bpf.o`, root));
  const [old, other] = [".BTF", ".XTF"].map((name) => new TextEncoder().encode(name));
  for (let at = 0; at < bytes.length; at++) {
    if (old.every((byte, index) => bytes[at + index] === byte)) bytes.set(other, at);
  }
  return bytes;
}

kernelTest("an object without BTF has a skeleton of its programs, which load", {}, async () => {
  const folder = await Deno.makeTempDir({ prefix: "denobpf-" });
  try {
    Deno.writeFileSync(`${folder}/plain.bpf.o`, withoutTypes("prog_target"));
    const text = generateSkeleton(
      `${folder}/plain.bpf.o`,
      new URL("lib/skeleton/mod.ts", root).href,
    );
    assertStringIncludes(text, "the object has no BTF");
    Deno.writeTextFileSync(`${folder}/plain.ts`, text);
    const { Plain } = await import(`file://${folder}/plain.ts`);
    using skel = Plain.open().load();
    assertEquals(Object.keys(skel.progs), ["target"]);
    assertEquals(skel.maps, {});
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
