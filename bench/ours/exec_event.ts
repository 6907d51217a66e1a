/** The exec event of exec_event.h, in execsnoop's own form, and that tool with these events in it. */
import { encodeAll } from "#lib/btf/codec.ts";
import { event, event_kind, type event_view } from "#skel/execsnoop.ts";
import { bootTime } from "#lib/sys/clock.ts";
import { type Lazy, RingTrace, type Trace } from "#lib/tool/mod.ts";
import { type Exec, tool } from "../../tools/execsnoop.ts";
import { ExecView } from "../../tools/execsnoop/view.ts";

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
  ...{ mntns: 4026531841, ret: 0, status: 0, compat: 0, script: 0, args_cut: 0, env_cut: 0 },
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
  ring: ConstructorParameters<typeof RingTrace<Exec, event_view, Lazy<Exec>>>[0]["ring"],
  attach: () => unknown,
  lost: () => bigint,
): typeof tool {
  const view = new ExecView({ start: bootTime(), max_args: 20, env: [] });
  const trace = (): Trace<Exec, Lazy<Exec>> =>
    new RingTrace({
      skeleton: { attach, detach: () => Promise.resolve(), [Symbol.dispose]() {} },
      ring,
      event: (record, wall) => view.place(record, wall).copy(),
      view: (record, wall) => view.place(record, wall),
      lost,
    });
  return { ...tool, trace };
}
