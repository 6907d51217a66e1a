/** Whether a thread is the kernel's: PF_KTHREAD of its flags in /proc/PID/stat; undefined if it has ended. */
export function isOfKernel(tid: number): boolean | undefined {
  try {
    const stat = Deno.readTextFileSync(`/proc/${tid}/stat`);
    const PF_KTHREAD = 0x200000;
    return (Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[6]) & PF_KTHREAD) !== 0;
  } catch {
    return undefined;
  }
}
