/** The parts of a binary, as CycloneDX 1.5 (https://cyclonedx.org/docs/1.5/json/) lists them. */
import { VERSION } from "#lib/tool/version.ts";
import { lockedPackages, type Package, root, type Staged } from "./stage.ts";

interface Component {
  type: "application" | "library" | "file";
  name: string;
  version?: string;
  purl?: string;
  licenses?: { expression: string }[];
  hashes?: { alg: "SHA-256" | "SHA-512"; content: string }[];
}

/**
 * @param libbpf the version of libbpf in it
 * @param about what build/about.json says
 */
export async function sbom(
  { files, packages }: Staged,
  libbpf: string,
  about: Record<string, string>,
): Promise<string> {
  const skeletons = files.flatMap((path) => /^build\/skel\/(.*)\.ts$/.exec(path)?.[1] ?? []);
  const bill = {
    bomFormat: "CycloneDX",
    specVersion: "1.5",
    version: 1,
    metadata: {
      component: {
        type: "application",
        name: "denobpf",
        version: VERSION,
        licenses: [{ expression: "MIT AND (GPL-2.0-only OR MIT)" }],
      } satisfies Component,
      properties: Object.entries(about).map(([name, value]) => ({
        name: `denobpf:${name}`,
        value,
      })),
    },
    components: [
      {
        type: "application",
        name: "deno",
        version: Deno.version.deno,
        purl: `pkg:generic/deno@${Deno.version.deno}`,
        licenses: [{ expression: "MIT" }],
        ...await runtimeHash(),
      },
      ...sources(libbpf),
      ...packages.map(ofPackage(lockedPackages())),
      ...await Promise.all(skeletons.map(ofObject)),
    ] satisfies Component[],
  };
  return JSON.stringify(bill, null, 2) + "\n";
}

const LICENSES: Record<string, string> = {
  libbpf: "LGPL-2.1-only OR BSD-2-Clause",
  elfutils: "LGPL-3.0-or-later OR GPL-2.0-or-later",
  zlib: "Zlib",
};

/** What scripts/libbpf builds, by the archives of scripts/sources; Debian's patches count as one more. */
function sources(libbpf: string): Component[] {
  const lines = Deno.readTextFileSync(`${root}scripts/sources`).split("\n");
  return lines.flatMap((line) => {
    const [, hash, name, version] =
      /^([0-9a-f]{64}) +.*\/(\w+)_(.*)\.(?:orig|debian)\.tar\.\w+$/.exec(line) ?? [];
    if (!(name in LICENSES) || name === "libbpf" && version.split("-")[0] !== libbpf) return [];
    return [{
      type: "library",
      name,
      version,
      purl: `pkg:deb/debian/${name}@${encodeURIComponent(version)}?arch=source`,
      licenses: [{ expression: LICENSES[name] }],
      hashes: [{ alg: "SHA-256", content: hash }],
    }];
  });
}

/** The runtime that DENORT_BIN names. One that Deno has downloaded by itself is in its cache, as an archive. */
async function runtimeHash(): Promise<Pick<Component, "hashes">> {
  const path = Deno.env.get("DENORT_BIN");
  if (path === undefined) return {};
  return { hashes: [{ alg: "SHA-256", content: await sha256(Deno.readFileSync(path)) }] };
}

function ofPackage(locked: ReturnType<typeof lockedPackages>) {
  return ({ name, version, license }: Package): Component => {
    const purl = `pkg:npm/${name.replace("@", "%40")}@${version}`;
    const { integrity } = locked[`${name}@${version}`];
    const content = hex(
      Uint8Array.from(atob(integrity.slice("sha512-".length)), (c) => c.charCodeAt(0)),
    );
    const hashes: Component["hashes"] = [{ alg: "SHA-512", content }];
    return { type: "library", name, version, purl, licenses: [{ expression: license }], hashes };
  };
}

/** The object that a skeleton carries. */
async function ofObject(skeleton: string): Promise<Component> {
  const path = `${root}build/${skeleton}.bpf.o`;
  return {
    type: "file",
    name: `${skeleton}.bpf.o`,
    licenses: [{ expression: "GPL-2.0-only OR MIT" }],
    hashes: [{ alg: "SHA-256", content: await sha256(Deno.readFileSync(path)) }],
  };
}

/** In hexadecimal digits, as sha256sum(1) has it. */
export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return hex(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
