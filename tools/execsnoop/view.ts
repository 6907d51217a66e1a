import { event_kind, type event_view } from "#skel/execsnoop.ts";
import { RawText } from "#lib/sys/raw_text.ts";
import { decodeText } from "#lib/sys/text.ts";
import { containerId } from "#lib/sys/containers.ts";
import { errnoName } from "#lib/sys/errno.ts";
import { decodePath, decodeStrings } from "#lib/tool/strings.ts";
import { type Lazy, plainWords, RawWords, type Words } from "#lib/tool/words.ts";
import type { Exec } from "../execsnoop.ts";

/** What kernels give for a login uid or audit session that was never set: (uid_t) -1. */
const UNSET = 0xffff_ffff;

/** TASK_COMM_LEN of include/linux/sched.h. */
const COMM_SIZE = 16;

/** What an event is made by, besides its record. */
interface Context {
  /** When the trace began, in nanoseconds since boot. */
  readonly start: bigint;
  readonly max_args: number;
  /** Names of environment variables. */
  readonly env: readonly string[];
}

const NONE: readonly string[] = [];

/** An exec that is read from its record member by member, as they are asked for. */
export class ExecView implements Lazy<Exec> {
  readonly #context: Context;
  #record!: event_view;
  #wall!: (boot: bigint) => bigint;
  readonly #strings = new RawText();
  readonly #comm = new RawText();
  readonly #parent_comm = new RawText();
  readonly #tty = new RawText();
  readonly #path = new RawText();
  readonly #args = new RawWords();
  readonly #words = [this.#args];
  readonly #rest = new RawWords();
  readonly #line = [this.#path, this.#rest];

  constructor(context: Context) {
    this.#context = context;
    this.#args.most = context.max_args;
    this.#rest.most = context.max_args - 1;
    this.#rest.more = "...";
  }

  /**
   * Moves it to a record.
   * @param wall gives wall time for nanoseconds since boot
   */
  place(record: event_view, wall: (boot: bigint) => bigint): this {
    this.#record = record;
    this.#wall = wall;
    return this;
  }

  get time(): bigint {
    return this.#wall(this.#record.time);
  }
  get boot_time(): bigint {
    return this.#record.time;
  }
  get seconds(): number {
    return Number(this.#record.time - this.#context.start) / 1e9;
  }
  get pid(): number {
    return this.#record.pid;
  }
  get ns_pid(): number {
    return this.#record.ns_pid;
  }
  get ppid(): number {
    return this.#record.ppid;
  }
  get uid(): number {
    return this.#record.uid;
  }
  get gid(): number {
    return this.#record.gid;
  }
  get loginuid(): number | undefined {
    return set(this.#record.loginuid);
  }
  get sessionid(): number | undefined {
    return set(this.#record.sessionid);
  }
  get sid(): number {
    return this.#record.sid;
  }
  get tty(): RawText | undefined {
    const tty = this.#record.$tty(this.#tty);
    return tty.bytes[tty.start] === 0 ? undefined : tty;
  }
  get mntns(): number {
    return this.#record.mntns;
  }
  get cgroup(): string | undefined {
    const { path_size, cwd_size, exe_size, cgroup_size } = this.#record;
    return this.#presentPath(path_size + cwd_size + exe_size, cgroup_size);
  }
  get container(): string | undefined {
    const { cgroup } = this;
    return cgroup === undefined ? undefined : containerId(cgroup);
  }
  get comm(): RawText {
    return this.#record.$comm(this.#comm);
  }
  get parent_comm(): RawText {
    return this.#record.$parent_comm(this.#parent_comm);
  }
  /** From the parent on: `bash(1234)`. */
  get ancestors(): readonly string[] {
    const { ancestors_size } = this.#record;
    if (ancestors_size === 0) return NONE;
    const { bytes, start } = this.#place(this.#strings, this.#argsAt() - ancestors_size, 0);
    const pids = this.#record.ancestor_pids;
    return Array.from({ length: ancestors_size / COMM_SIZE }, (_, i) => {
      const at = start + i * COMM_SIZE;
      return `${decodeText(bytes, at, at + COMM_SIZE)}(${pids[i]})`;
    });
  }
  get cwd(): string | undefined {
    const { path_size, cwd_size } = this.#record;
    return this.#presentPath(path_size, cwd_size);
  }
  get path(): RawText | undefined {
    if (this.#record.kind !== event_kind.EXEC) return undefined;
    return this.#place(this.#path, 0, this.#record.path_size);
  }
  get exe(): string | undefined {
    const { path_size, cwd_size, exe_size } = this.#record;
    return this.#presentPath(path_size + cwd_size, exe_size);
  }
  get interpreter(): string | undefined {
    return this.#record.script ? this.exe : undefined;
  }
  get args(): Words {
    if (this.#record.script) return this.#scriptArgs().slice(0, this.#context.max_args);
    this.#placeArgs();
    return this.#words;
  }
  get args_truncated(): boolean {
    if (this.#record.args_cut !== 0) return true;
    if (this.#record.script) return this.#scriptArgs().length > this.#context.max_args;
    return this.#placeArgs().cut;
  }
  get env(): readonly string[] {
    const { args_size, env_size } = this.#record;
    if (env_size === 0) return NONE;
    const names = this.#context.env;
    const { bytes, start, end } = this.#place(this.#strings, this.#argsAt() + args_size, env_size);
    return decodeStrings(bytes, start, end)
      .filter((entry) => names.some((name) => entry.startsWith(`${name}=`)));
  }
  /** What a table shows, where it lies in the record; undefined if it is not as easy as that. */
  get commandLine(): Words | undefined {
    const { script, args_cut, args_size } = this.#record;
    if (this.path === undefined || script || args_cut || this.#rest.most < 1) return undefined;
    this.#place(this.#rest, this.#argsAt(), args_size).dropFirst();
    return this.#line;
  }
  get compat(): boolean {
    return this.#record.compat !== 0;
  }
  get ret(): number {
    return this.#record.ret;
  }
  get error(): string | undefined {
    const { ret } = this.#record;
    return ret < 0 ? errnoName(-ret) : undefined;
  }

  /** The event, to be kept: all members, decoded. */
  copy(): Exec {
    const { time, boot_time, seconds, pid, ns_pid, ppid, uid, gid, loginuid, sessionid } = this;
    const { sid, mntns, cgroup, container, ancestors, cwd, exe, interpreter, env, compat } = this;
    return {
      ...{ time, boot_time, seconds, pid, ns_pid, ppid, uid, gid, loginuid, sessionid, sid },
      ...{ tty: this.tty?.toString(), mntns, cgroup, container },
      ...{ comm: this.comm.toString(), parent_comm: this.parent_comm.toString(), ancestors },
      ...{ cwd, path: this.path?.toString(), exe, interpreter },
      ...{ args: plainWords(this.args), args_truncated: this.args_truncated, env },
      ...{ compat, ret: this.ret, error: this.error },
    };
  }

  #argsAt(): number {
    const { path_size, cwd_size, exe_size, cgroup_size, ancestors_size } = this.#record;
    return path_size + cwd_size + exe_size + cgroup_size + ancestors_size;
  }

  #placeArgs(): RawWords {
    return this.#place(this.#args, this.#argsAt(), this.#record.args_size);
  }

  /** The kernel runs `#!/bin/sh -e` as `/bin/sh -e PATH ARGS...`: gives back `PATH ARGS...`. */
  #scriptArgs(): string[] {
    const { bytes, start, end } = this.#placeArgs();
    const args = decodeStrings(bytes, start, end);
    const path = this.#place(this.#path, 0, this.#record.path_size).toString();
    const at = args.indexOf(path, 1);
    return at < 0 ? args : args.slice(at);
  }

  #presentPath(at: number, size: number): string | undefined {
    if (size === 0) return undefined;
    const { bytes, start, end } = this.#place(this.#strings, at, size);
    return decodePath(bytes, start, end);
  }

  /** Moves `text` to a part of the strings of the record. */
  #place<T extends RawText>(text: T, at: number, size: number): T {
    const { bytes, start } = this.#record.$strings(text);
    return text.place(bytes, start + at, start + at + size);
  }
}

function set(id: number): number | undefined {
  return id === UNSET ? undefined : id;
}
