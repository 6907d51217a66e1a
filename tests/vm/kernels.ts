/** The kernels of the matrix: Debian's stock kernels for the cloud, each the newest of its series. */
import { exists } from "../exists.ts";

const here = new URL("./", import.meta.url).pathname;
const root = new URL("../../", import.meta.url).pathname;

export interface Kernel {
  readonly version: string;
  /** Where getkernel finds it. */
  readonly source: string;
  /** Arguments of the kernel that make it complete. */
  readonly append?: string;
  /** How many CPUs a guest has; 2 if absent. */
  readonly cpus?: number;
}

export const kernels: readonly Kernel[] = [
  // Debian has BPF among the active security modules only later.
  { version: "5.10", source: "bullseye", append: "lsm=lockdown,yama,apparmor,bpf" },
  { version: "6.1", source: "bookworm" },
  { version: "6.12", source: "trixie" },
  { version: "6.18", source: "trixie-backports:linux-image-6.18.15+deb13-cloud-amd64" },
  // It panics with two CPUs, emulated, when programs are attached and detached again and again.
  { version: "7.2", source: "sid", cpus: 1 },
];

/** Where the kernels lie, `<version>/` each; `KERNELS_DIR` names another folder. */
const folder = Deno.env.get("KERNELS_DIR") ?? `${root}build/kernels`;

/**
 * The folder of a kernel, downloaded if it is not there yet.
 *
 * @throws {Error} it cannot be had, or its source now has a kernel of another version
 */
export async function fetchKernel({ version, source }: Kernel): Promise<string> {
  const path = `${folder}/${version}`;
  if (!exists(path)) {
    console.log(`Linux ${version}: downloading it from Debian ${source}`);
    const { success } = await new Deno.Command(`${here}getkernel`, { args: [source, path] })
      .spawn().status;
    if (!success) throw new Error(`Linux ${version} cannot be had from Debian ${source}`);
  }
  const release = releaseIn(path);
  if (!release?.startsWith(`${version}.`)) {
    throw new Error(
      `${path} holds Linux ${release}, not ${version}: remove it, and name a package that is still ` +
        "there in tests/vm/kernels.ts",
    );
  }
  return path;
}

/** The release of an unpacked kernel, by the folder of its modules: "6.12.41+deb13-cloud-amd64". */
function releaseIn(path: string): string | undefined {
  for (const modules of [`${path}/lib/modules`, `${path}/usr/lib/modules`]) {
    if (exists(modules)) { for (const { name } of Deno.readDirSync(modules)) return name; }
  }
}
