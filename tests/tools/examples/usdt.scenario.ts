import { libbpfVersion } from "#lib/libbpf/library.ts";
import type { Scenario } from "../../kernel/scenario.ts";
import { ofTool } from "../../kernel/trace_pipe.ts";

/** libbpf 1.7 changed what usdt.bpf.h is compiled to; objects of an earlier header do not work with it. */
function usdtChanged(): boolean {
  const header = Deno.readTextFileSync("/usr/include/bpf/libbpf_version.h");
  const compiled = Number(/LIBBPF_MINOR_VERSION (\d+)/.exec(header)![1]);
  return compiled < 7 && libbpfVersion().minor >= 7;
}

export const scenario: Scenario = {
  needs: ["uprobe", "attach_cookie", "tracefs"],
  alone: "trace_pipe",
  args: ["--events", "2"],
  event: ofTool(`USDT (auto|manual) attach to libstdcxx:catch: arg1 = 0, arg2 = [0-9a-f]{6,}`),
  count: 2,
  refusal: () => usdtChanged() ? /compiled with a usdt\.bpf\.h that libbpf .* does not/ : undefined,
};
