/** Libraries that processes have of their own. */

/** How ldconfig(8) calls the machine. */
const MACHINE = Deno.build.arch === "x86_64" ? "x86-64" : "AArch64";

/** A library of its own, as a container has it: a copy, in a folder that the process searches. */
export class OwnLibrary implements Disposable {
  readonly #folder = Deno.makeTempDirSync();
  /** The copy. */
  readonly path: string;

  /** @param name `libssl.so.3` */
  constructor(name: string) {
    const { stdout } = new Deno.Command("ldconfig", {
      args: ["-p"],
      env: { PATH: `${Deno.env.get("PATH")}:/usr/sbin:/sbin` },
    }).outputSync();
    const line = new TextDecoder().decode(stdout).split("\n")
      .find((line) => line.startsWith(`\t${name} (`) && line.includes(MACHINE))!;
    this.path = `${this.#folder}/${name}`;
    Deno.copyFileSync(line.slice(line.indexOf("=> ") + 3), this.path);
  }

  /** What makes a process search the folder. */
  get env(): Record<string, string> {
    return { LD_LIBRARY_PATH: this.#folder };
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.#folder, { recursive: true });
  }
}
