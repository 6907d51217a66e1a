/** What is known of an address in code. */
export interface Frame {
  /** What was asked for. */
  readonly address: bigint;
  /** The function, demangled; undefined where it is not known, `reason` then says why. */
  readonly name?: string;
  /** Its name as the file or the kernel has it: mangled. */
  readonly symbol?: string;
  /**
   * Bytes from the beginning of the function. Where that is not known: the address as the module's file
   * has it, for `addr2line -e`.
   */
  readonly offset: number;
  /**
   * The file, as the process sees it below its own root; `[vdso]`, `[jit]`, `[anon]`; of the kernel
   * `[kernel]`, or the module in brackets, `[bpf]` for BPF programs.
   */
  readonly module?: string;
  /** The build id of the file in hexadecimal digits, if it has one. */
  readonly buildId?: string;
  /** Why there is no name. */
  readonly reason?: string;
}
