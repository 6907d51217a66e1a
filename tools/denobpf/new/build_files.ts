import type { Project } from "./project.ts";

/** `deno.json` */
export function config({ version, checkout, installed }: Project): string {
  const denobpf = installed
    ? "node_modules/@denobpf/denobpf/tools/denobpf.js"
    : "@denobpf/denobpf/tools/denobpf";
  return JSON.stringify(
    {
      imports: {
        "#skel/": "./build/skel/",
        ...(!installed && { "@denobpf/denobpf": `jsr:@denobpf/denobpf@^${version}` }),
      },
      ...(installed && { nodeModulesDir: "manual" }),
      tasks: { denobpf: `deno run --allow-ffi --allow-read ${denobpf}` },
      // In the place of the published library; leave this out where the checkout is not.
      ...(checkout !== undefined && { links: [checkout] }),
      fmt: { lineWidth: 100, exclude: ["build/"] },
      lint: { exclude: ["build/"] },
    },
    null,
    2,
  ) + "\n";
}

/** `.gitignore` */
export const ignored = "build/\nnode_modules/\n";

/** `Makefile` */
export const makefile = ({ name }: Project): string =>
  `# make, make test, make compile, make clean. CLANG, BPFTOOL and DENO name programs to use instead.

export PATH := $(PATH):/usr/sbin
clangs  := clang clang-21 clang-20 clang-19 clang-18 clang-17 clang-16
CLANG   ?= $(firstword $(foreach name,$(clangs),$(shell command -v $(name))))
BPFTOOL ?= bpftool
DENO    ?= deno
strip   := $(shell $(CLANG) -print-prog-name=llvm-strip)
arch    := $(patsubst x86_64,x86,$(patsubst aarch64,arm64,$(shell uname -m)))
sudo    := $(if $(filter 0,$(shell id -u)),,sudo)
skels   := $(patsubst %.bpf.c,build/skel/%.ts,$(wildcard *.bpf.c))

.DELETE_ON_ERROR:
.PHONY: build check test compile clean
.PRECIOUS: build/%.bpf.o

build: $(skels)

check: build
	$(DENO) fmt --check
	$(DENO) lint
	$(DENO) check *.ts

test: check
	$(sudo) $(DENO) test --allow-all --no-check

# Deno fetches the runtime for this; DENORT_BIN names one that is there.
compile: build
	$(DENO) compile --allow-ffi --allow-read --output build/${name} ${name}.ts

clean:
	rm -rf build

build/vmlinux.h:
	@mkdir -p build
	$(BPFTOOL) btf dump file /sys/kernel/btf/vmlinux format c >$@

build/%.bpf.o: %.bpf.c build/vmlinux.h
	$(CLANG) -g -O2 -target bpf -D__TARGET_ARCH_$(arch) -Wall -Ibuild -c $< -o $@
	$(strip) -g $@

build/skel/%.ts: build/%.bpf.o
	@mkdir -p build/skel
	$(DENO) task --quiet denobpf skeleton $< >$@
`;
