/** A root file system with glibc, /proc, /sys, /dev and the binary alone. */
import { type RunningTool, startCommand } from "../kernel/harness.ts";

/** Mounts what every Linux has, in a mount namespace of its own, and goes in. */
const ENTER = `
  mount -t proc proc $0/proc && mount --rbind /sys $0/sys && mount --rbind /dev $0/dev &&
    exec chroot $0 "$@"`;

export class EmptyRoot implements Disposable {
  readonly folder = Deno.makeTempDirSync({ prefix: "denobpf-root-" });

  /** @param files what it holds, by their names in it */
  constructor(files: Record<string, string>) {
    for (const folder of ["proc", "sys", "dev"]) Deno.mkdirSync(`${this.folder}/${folder}`);
    for (const [name, source] of Object.entries(files)) {
      const path = this.folder + name;
      Deno.mkdirSync(path.slice(0, path.lastIndexOf("/")), { recursive: true });
      Deno.copyFileSync(source, path);
    }
  }

  start(...command: string[]): RunningTool {
    return startCommand(["unshare", "-m", "sh", "-c", ENTER, this.folder, ...command], { env: {} });
  }

  /** Every file and folder in it. */
  list(folder = this.folder): string[] {
    return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) => {
      const path = `${folder}/${name}`;
      return isDirectory ? [path, ...this.list(path)] : [path];
    }).sort();
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.folder, { recursive: true });
  }
}

/** The files of this machine's glibc that a program needs, as ldd(1) finds them. */
export async function glibcOf(program: string): Promise<Record<string, string>> {
  const { stdout } = await startCommand(["ldd", program]).finish();
  const paths = [...stdout.matchAll(/(?:=> |^\t)(\/\S+) \(/gm)].map(([, path]) => path);
  return Object.fromEntries(paths.map((path) => [path, Deno.realPathSync(path)]));
}
