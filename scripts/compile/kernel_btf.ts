/**
 * Writes the types of Debian's kernel for another architecture, to compile kernel halves for it:
 * `deno run -A scripts/compile/kernel_btf.ts arm64 build/btf/arm64`. The package comes from the mirror of this
 * machine's apt.
 */
const SERIES = "6.1";

const [arch, output] = Deno.args;
const folder = `${output}.kernel`;

try {
  await getKernel();
  const name = [...Deno.readDirSync(`${folder}/boot`)].find(({ name }) => /^vmlinuz/.test(name))
    ?.name;
  Deno.writeFileSync(output, btfOf(Deno.readFileSync(`${folder}/boot/${name}`)));
} finally {
  Deno.removeSync(folder, { recursive: true });
}

async function getKernel(): Promise<void> {
  const { success } = await new Deno.Command("tests/vm/getkernel", {
    args: [SERIES, folder],
    env: { KERNEL_ARCH: arch },
  }).spawn().status;
  if (!success) throw new Error(`Cannot get Debian's kernel for ${arch}`);
}

/**
 * The BTF in a kernel image that is not compressed, as arm64's are not: it begins with a
 * `struct btf_header` of include/uapi/linux/btf.h (magic, version 1, no flags, 24 bytes), types come
 * first and strings behind them.
 */
function btfOf(image: Uint8Array): Uint8Array {
  const HEADER = 24;
  const START = [0x9f, 0xeb, 1, 0, HEADER, 0, 0, 0];
  const view = new DataView(image.buffer);
  for (let at = image.indexOf(START[0]); at >= 0; at = image.indexOf(START[0], at + 1)) {
    if (!START.every((byte, index) => image[at + index] === byte)) continue;
    const [typeOffset, types, stringOffset, strings] = [8, 12, 16, 20]
      .map((offset) => view.getUint32(at + offset, true));
    const end = at + HEADER + stringOffset + strings;
    // A module's BTF and the structs of programs are smaller.
    if (typeOffset !== 0 || stringOffset !== types || types < 1_000_000) continue;
    return image.subarray(at, end);
  }
  throw new Error(`Debian's kernel for ${arch} holds no BTF that could be found`);
}
