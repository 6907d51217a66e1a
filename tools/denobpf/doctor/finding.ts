/** What the doctor found out about one thing. */
export interface Finding {
  readonly subject: string;
  /**
   * Of the host: `ok`, `less` where some of it is missing, `no`, or `unknown`. Of a tool: `runs`,
   * `less` where it runs without some of its options, `cannot`.
   */
  readonly state: "ok" | "no" | "unknown" | "less" | "runs" | "cannot";
  readonly detail: string;
  /** What to do about it. */
  readonly hint?: string;
}
