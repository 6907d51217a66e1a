import { usdtNotes, usdtTexts } from "../../objects/attach/usdt_notes.ts";
import { type Budget, KEPT } from "../../symbols/budget.ts";
import type { ElfFile } from "../../symbols/elf.ts";
import { ExitCode, ExitError } from "../ending/exit.ts";
import { quoted } from "../text/escape.ts";
import type { Hooks, Place } from "./hook.ts";
import type { ProbePattern } from "./pattern.ts";
import type { ProbedFile } from "./probed_file.ts";

/** The section whose address notes have as the linker had it. */
const BASE = ".stapsdt.base";

/**
 * The USDT probes of a file that a pattern means, each with all places that it is at.
 * @throws {ExitError} (64) if it has none, (65) if it is no such file
 */
export function usdtProbes(pattern: ProbePattern, file: ProbedFile): Hooks {
  const owner = file.name;
  const found = new Map<string, Place[]>();
  for (const { provider, name, place } of file.lookInto(probesOf)) {
    const full = `${provider}:${name}`;
    if (place === undefined || !pattern.matches(name) && !pattern.matches(full)) continue;
    const places = found.get(full);
    if (places === undefined) found.set(full, [place]);
    else places.push(place);
  }
  const hooks = Array.from(found, ([full, places]) => ({ names: [full], owner, file, places }));
  if (hooks.length > 0) return { hooks, refused: [] };
  const message = `No USDT probe of ${quoted(owner)} matches ${quoted(pattern.text)}`;
  throw new ExitError(ExitCode.Usage, message, { hint: `readelf -n ${owner} lists those it has` });
}

interface Probe {
  readonly provider: string;
  readonly name: string;
  readonly place: Place | undefined;
}

function probesOf(file: ElfFile, budget: Budget): Probe[] {
  const at = file.section(BASE)?.offset;
  const base = at === undefined ? undefined : file.addressOf(at);
  return Array.from(usdtNotes(file), (description) => {
    budget.take(KEPT);
    const view = new DataView(description.buffer, description.byteOffset, description.length);
    const [address, linked, semaphore] = [0, 8, 16].map((at) =>
      Number(view.getBigUint64(at, true))
    );
    // prelink(8) has moved the sections, and not what is written in notes
    const moved = base === undefined ? 0 : base - linked;
    const [provider, name, form] = usdtTexts(description);
    const offset = file.fileOffsetOf(address + moved);
    const counter = semaphore === 0 ? undefined : file.fileOffsetOf(semaphore + moved);
    const place = offset === undefined ? undefined : {
      at: BigInt(offset),
      arguments: form,
      ...counter !== undefined && { semaphore: counter },
    };
    return { provider, name, place };
  });
}
