import { textIn } from "../../objects/kernel_object.ts";
import type { ElfFile } from "../../symbols/elf.ts";
import { notesIn } from "../../symbols/notes.ts";
import { ExitCode, ExitError } from "../ending/exit.ts";
import { quoted } from "../text/escape.ts";
import type { Hook, Hooks, Place, ProbedFile } from "./hook.ts";
import type { ProbePattern } from "./pattern.ts";
import { openElf } from "./user_functions.ts";

/**
 * A note of a USDT probe, sys/sdt.h of SystemTap: the address of the probe, that of the section below, as
 * the linker had it, and that of the semaphore; then provider, name and arguments as texts.
 */
const NT_STAPSDT = 3;
const ADDRESSES = 3 * 8;
const BASE = ".stapsdt.base";

/**
 * The USDT probes of a file that a pattern means, each with all places that it is at.
 * @throws {ExitError} (64) if it has none, (65) if it is no such file
 */
export function usdtProbes(pattern: ProbePattern, { name: owner, path }: ProbedFile): Hooks {
  using file = openElf(path);
  const hooks = new Map<string, Hook>();
  for (const { provider, name, place } of probesOf(file)) {
    const full = `${provider}:${name}`;
    if (place === undefined || !pattern.matches(name) && !pattern.matches(full)) continue;
    const places = [...hooks.get(full)?.places ?? [], place];
    hooks.set(full, { names: [full], owner, path, places });
  }
  if (hooks.size > 0) return { hooks: [...hooks.values()], refused: [] };
  const message = `No USDT probe of ${quoted(owner)} matches ${quoted(pattern.text)}`;
  throw new ExitError(ExitCode.Usage, message, { hint: `readelf -n ${owner} lists those it has` });
}

interface Probe {
  readonly provider: string;
  readonly name: string;
  readonly place: Place | undefined;
}

function probesOf(file: ElfFile): Probe[] {
  const section = file.section(".note.stapsdt");
  if (section === undefined) return [];
  const at = file.section(BASE)?.offset;
  const base = at === undefined ? undefined : file.addressOf(at);
  return [...notesIn(file.bytesOf(section), 4)].filter(({ type, description }) =>
    type === NT_STAPSDT && description.length > ADDRESSES
  ).map(({ description }) => {
    const view = new DataView(description.buffer, description.byteOffset, description.length);
    const [address, linked, semaphore] = [0, 8, 16].map((at) =>
      Number(view.getBigUint64(at, true))
    );
    // prelink(8) has moved the sections, and not what is written in notes
    const moved = base === undefined ? 0 : base - linked;
    const provider = textIn(description.subarray(ADDRESSES));
    const name = textIn(description.subarray(ADDRESSES + provider.length + 1));
    const at = ADDRESSES + provider.length + 1 + name.length + 1;
    const offset = file.fileOffsetOf(address + moved);
    const counter = semaphore === 0 ? undefined : file.fileOffsetOf(semaphore + moved);
    const place = offset === undefined ? undefined : {
      at: BigInt(offset),
      arguments: textIn(description.subarray(at)),
      ...counter !== undefined && { semaphore: counter },
    };
    return { provider, name, place };
  });
}
