/** The licences of all that is in a binary. */
import { type Package, root } from "./stage.ts";

/** @param libbpf the folder in which scripts/libbpf left the licences of what it built from */
export function notices(packages: readonly Package[], libbpf: string): string {
  const read = (path: string) => Deno.readTextFileSync(path).trim();
  const parts = [
    ["denobpf", read(`${root}LICENSE`)],
    [`Deno ${Deno.version.deno}`, DENO],
    [
      "libbpf, by the second of its licences LGPL-2.1 OR BSD-2-Clause",
      read(`${libbpf}/LICENSE.libbpf`),
    ],
    [
      "libelf of elfutils, by the first of its licences LGPL-3.0+ OR GPL-2.0+",
      LIBELF + read(`${libbpf}/LICENSE.libelf`),
    ],
    ["zlib", read(`${libbpf}/LICENSE.zlib`)],
    ...packages.map(({ name, version, license, folder }) => [
      `${name} ${version} (${license})`,
      read(licenseFile(root + folder, license)),
    ]),
  ];
  const line = "=".repeat(80);
  return parts.map(([name, text]) => `${line}\n${name}\n${line}\n\n${text}\n`).join("\n");
}

/** The package's own file, or Debian's copy of a licence that the package only names. */
function licenseFile(folder: string, license: string): string {
  const own = [...Deno.readDirSync(folder)].find(({ name }) => /^licen[cs]e/i.test(name));
  return own ? `${folder}/${own.name}` : `/usr/share/common-licenses/${license}`;
}

const DENO =
  `Copyright 2018-2026 the Deno authors. MIT License, whose text is that of denobpf above.

Deno contains V8 (BSD-3-Clause), ICU (Unicode-3.0) and libraries in Rust under their own licences, which
https://github.com/denoland/deno lists for each version: Cargo.lock, third_party.`;

const LIBELF =
  `libelf is linked into libbpf.so, which the binary loads as a library of its own. Who changes
libelf builds libbpf.so anew with scripts/libbpf, whose sources scripts/sources names, and runs the binary on
it: DENOBPF_LIBBPF=./libbpf.so denobpf ...

`;
