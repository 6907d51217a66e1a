import { className } from "#lib/skeleton/names.ts";
import type { Project } from "./project.ts";

/** `NAME.ts` */
export const userHalf = ({ name, frame }: Project): string =>
  `#!/usr/bin/env -S deno run --allow-ffi --allow-read
/** ${name}: every exec() on the host. */
import { ${className(name)} } from "#skel/${name}.ts";
import {
  option,
  type OptionsOf,
  RingTrace,
  type Tool,
  toolMain,
  type Trace,
  type TraceOptions,
  user,
  withDefaults,
} from "${frame}";

const options = {
  uid: option("u", "UID|NAME", "Trace this user only", user),
};

type Options = OptionsOf<typeof options>;

/** A process that executed a file. */
export interface Exec {
  /** When, in nanoseconds since 1970. */
  readonly time: bigint;
  readonly pid: number;
  readonly uid: number;
  readonly comm: string;
  /** The file, cut at 127 bytes. */
  readonly filename: string;
}

export const tool: Tool<Options, Exec> = {
  name: "${name}",
  brief: "Trace every exec() on the host",
  options,
  examples: [
    ["${name}", "all of them"],
    ["${name} -u root -o json", "those of root, one JSON object a line"],
  ],
  fields: {
    time: { type: "time", width: -8, brief: "When it happened", value: (e) => e.time },
    pid: { type: "integer", width: -7, brief: "Process", value: (e) => e.pid },
    uid: { type: "integer", width: -6, brief: "Its user", value: (e) => e.uid },
    comm: { type: "text", width: -16, brief: "Its name", value: (e) => e.comm },
    filename: {
      type: "text",
      brief: "The file, cut at 127 bytes",
      value: (e) => e.filename,
    },
  },
  columns: () => ["time", "pid", "uid", "comm", "filename"],
  trace: ${name},
};

/** Starts tracing: the program is attached when this returns. */
export function ${name}(given: TraceOptions<Options> = {}): Trace<Exec> {
  const { uid } = withDefaults(options, given);
  const opened = ${className(name)}.open();
  try {
    opened.rodata.by_uid = uid !== undefined;
    opened.rodata.only_uid = uid ?? 0;
    const skeleton = opened.load();
    return new RingTrace({
      skeleton,
      ring: skeleton.maps.events,
      event: ({ time, pid, uid, comm, filename }, wall) => {
        return { time: wall(time), pid, uid, comm, filename };
      },
      lost: () => ({ ring: skeleton.bss.lost, missed: skeleton.progs.handle_exec.misses }),
      signal: given.signal,
    });
  } catch (error) {
    opened[Symbol.dispose]();
    throw error;
  }
}

if (import.meta.main) await toolMain(tool);
`;
