/** The exec event of exec_event.h, in execsnoop's own form, and that tool with these events in it. */
import { encodeAll } from "#lib/btf/codec.ts";
import { event, event_kind, type event_view } from "#skel/execsnoop.ts";
import type { EventBuffer } from "#lib/objects/ring_buffer.ts";
import { bootTime, WallClock } from "#lib/sys/clock.ts";
import { copierOf, placedView } from "#lib/tool/members/placed_view.ts";
import { Trace } from "#lib/tool/mod.ts";
import { RingSource } from "#lib/tool/trace/ring_source.ts";
import { tool } from "../../tools/execsnoop.ts";
import { members, own } from "../../tools/execsnoop/members.ts";

const path = "/usr/bin/tar";
const args = [
  path,
  "--create",
  "--gzip",
  "--file",
  "/var/backups/etc.tar.gz",
  "--directory=/",
  "etc",
];

const strings = new TextEncoder().encode([path, ...args, ""].join("\0"));

const head = {
  ...{ time: bootTime(), start: 0n, kind: event_kind.EXEC, pid: 112233, ns_pid: 112233 },
  ...{ ppid: 4455, uid: 1000, gid: 1000, loginuid: 1000, sessionid: 1, sid: 4455 },
  ...{
    mntns: 4026531841,
    ret: 0,
    status: 0,
    compat: 0,
    script: 0,
    keeps_argv0: 0,
    args_cut: 0,
    env_cut: 0,
  },
  ...{ path_size: path.length + 1, cwd_size: 0, exe_size: 0, cgroup_size: 0, ancestors_size: 0 },
  ...{ args_size: strings.length - path.length - 1, env_size: 0 },
  ...{ ancestor_pids: new Array(16).fill(0), comm: "tar", parent_comm: "backup.sh", tty: "pts0" },
};

/** One record of the ring. */
export const record = new Uint8Array(event.size + strings.length);
record.set(encodeAll(event, { ...head, strings: new Uint8Array() }));
record.set(strings, event.size);

/** execsnoop, but with a ring that something else fills. */
export function execsnoopOn(
  ring: EventBuffer<unknown, event_view>,
  batches: EventBuffer<unknown, event_view>["batches"],
  attach: () => unknown,
): typeof tool {
  const clock = new WallClock();
  const options = { max_args: 20, env: [] };
  const view = placedView(event, members, (boot) => clock.at(boot), own(options));
  const copy = copierOf(members);
  const trace = () =>
    new Trace(
      new RingSource({
        skeleton: { attach, detach: () => Promise.resolve(), [Symbol.dispose]() {} },
        ring: { batches, consume: ring.readThrough(view).consume.bind(ring) } as never,
        clock,
        event: (record, show) => show(copy(record)),
        passes: () => true,
        losses: () => ({}),
      }),
    );
  return { ...tool, trace: trace as unknown as typeof tool.trace };
}
