# denobpf. `make help` lists the targets; V=1 shows every command.

TOOL ?= execsnoop

# The names of the architectures in libbpf's headers.
ARCH_x86_64  := x86
ARCH_aarch64 := arm64
native := $(ARCH_$(shell uname -m))
ARCH ?= $(native)
foreign := $(filter-out $(native),$(ARCH))
VMLINUX_BTF ?= $(if $(foreign),build/btf/$(ARCH),/sys/kernel/btf/vmlinux)
export ARCH VMLINUX_BTF
$(if $(filter x86 arm64,$(ARCH)),,$(error ARCH must be x86 or arm64, not "$(ARCH)"))

.DEFAULT_GOAL := build
.DELETE_ON_ERROR:

tools     := $(filter-out denobpf,$(patsubst tools/%.ts,%,$(wildcard tools/*.ts)))
halves    := $(patsubst bpf/%.bpf.c,%,$(wildcard bpf/*.bpf.c))
examples  := $(patsubst bpf/%.bpf.c,%,$(wildcard bpf/examples/*.bpf.c))
variants  := $(patsubst bpf/%.bpf.c,%,$(wildcard bpf/variants/*.bpf.c))
fixtures  := $(patsubst tests/fixtures/%.bpf.c,%,$(wildcard tests/fixtures/*.bpf.c))
workloads := $(patsubst tests/workloads/%.c,build/tests/%,$(wildcard tests/workloads/*.c))
objects   := $(patsubst %,build/%.bpf.o,$(halves) $(variants) $(examples))
skels     := $(patsubst %,build/skel/%.ts,$(halves) $(variants) $(examples))
test_objects := $(fixtures:%=build/tests/%.bpf.o)
test_skels   := $(fixtures:%=build/tests/skel/%.ts)
# Other versions of what the tools stand on: tests/versions/versions.ts names the same.
versions := $(foreach version,1.4.6 1.5.0 1.7.0,build/libbpf/$(version)/libbpf.so) \
	build/clang-14/.built build/clang-16/.built
generator := $(wildcard lib/skeleton/*.ts lib/btf/*.ts)
lib_files := $(shell find lib -name '*.ts')
tool_files := $(shell find tools -name '*.ts')
library   := build/lib/.built
packages  := node_modules/.installed
c_files   := $(wildcard $(addsuffix /*.[ch],bpf bpf/include bpf/include/execsnoop bpf/variants bpf/examples bench tests/fixtures tests/workloads))
bench_c   := $(patsubst bench/%.c,build/bench/%,$(filter-out %.bpf.c,$(wildcard bench/*.c)))
ts_dirs   := $(wildcard lib tools scripts tests bench)

# The fuzz tests that `make fuzz` gives each a part of its time.
fuzzed = $(shell cat tests/fuzz/*.test.ts tests/kernel/bad_objects.test.ts | grep -cw '^fuzz\|FUZZ_SECONDS')

# scripts/deps finds or installs the programs, once in every run, and leaves their names in this file.
# `make -n`, and so the completion of a shell, installs nothing.
goals := $(or $(MAKECMDGOALS),$(.DEFAULT_GOAL))
ifneq ($(filter-out clean help hooks,$(goals)),)
ifeq ($(findstring n,$(firstword -$(MAKEFLAGS))),)
include build/config.mk
build/config.mk: FORCE
	@scripts/deps $(sort $(goals))
else
-include build/config.mk
endif
endif
build/target: ; # scripts/deps wrote it as well
FORCE:
MAKEFLAGS += --no-builtin-rules

ifeq ($(V),1)
say =
else
Q := @
say = @printf '  %-8s %s\n' '$(1)' '$(2)'
endif
clang_format = $(shell $(clang) -print-prog-name=clang-format)
sudo = $(if $(filter 0,$(shell id -u)),,sudo)

include scripts/compile.mk

.PHONY: deps build fixtures run test test-tools test-dist test-long fuzz test-versions test-vm soak bench check check-text hooks api fmt clean help FORCE

deps: $(packages) ## install what is missing: Debian packages, Deno, npm packages
	@:

build: $(objects) $(skels) $(library) build/registry.ts $(packages) ## compile the kernel halves, generate their skeletons (default)
	@scripts/about

run: build ## run a tool until Ctrl-C: make run TOOL=bootstrap ARGS="-d 100"
	$(Q)test -f tools/$(TOOL).ts || { echo "make run: TOOL=$(TOOL) is none of: $(tools)" >&2; exit 64; }
	$(Q)$(sudo) $(deno) run --allow-ffi --allow-read tools/$(TOOL).ts $(ARGS)

test: check $(compile_pair) ## check, then test the library and each tool once; TEST=text all files with that text in their path
	$(Q)$(if $(compile_pair),OLDEST_DENO=$(CURDIR)/build/deno-2.4.2/deno) $(deno) run -A tests/run.ts $(TEST)

test-tools: build fixtures ## run each tool's own tests
	$(Q)$(deno) run -A tests/run.ts --tools $(TEST)

test-dist: build fixtures $(compile_pair) ## test what is made for others: the binary, and what the documents say
	$(Q)$(deno) run -A tests/run.ts --dist $(TEST)

test-long: build fixtures ## the storms and signals of the tests, in full: minutes
	$(Q)DENOBPF_LONG=true $(deno) run -A tests/run.ts storms.test
	$(Q)DENOBPF_LONG=true $(deno) run -A tests/run.ts faults.test

fuzz: build fixtures ## try made-up input for ten minutes, SECONDS=60 for less
	$(Q)FUZZ_SECONDS=$$(($(or $(SECONDS),600) / $(fuzzed))) $(deno) test -A --no-check tests/fuzz \
		tests/kernel/bad_objects.test.ts

soak: build fixtures ## run the tools under load for an hour, MINUTES=10 for less; counts exact, memory flat
	$(Q)MINUTES=$(MINUTES) $(deno) run -A tests/soak/soak.ts

test-versions: build fixtures $(versions) ## run the tools with other versions of libbpf and clang
	$(Q)$(deno) run -A tests/versions/run.ts

test-vm: build fixtures $(if $(filter short,$(SCOPE)),$(versions)) ## run the kernel tests on other kernels; KERNEL=6.12, TEST=text or SCOPE=short for fewer
	$(Q)KERNEL="$(KERNEL)" SCOPE="$(SCOPE)" $(deno) run -A tests/vm/run.ts $(TEST)

bench: build build/bench/bench.bpf.o $(bench_c) $(bundles) build/bundle/empty_tool.js ## measure against the C tools into docs/performance.md; ROW="ring start" some, BENCH=quick shortly
	$(Q)$(sudo) BENCH=$(BENCH) $(deno) run -A bench/run.ts $(ROW)

check-text: ## check format, lint and words, in a few seconds
	$(call say,FMT,deno fmt)
	$(Q)$(deno) fmt --check
	$(call say,FMT,clang-format)
	$(Q)$(if $(c_files),$(clang_format) --dry-run -Werror $(c_files))
	$(call say,LINT,deno lint)
	$(Q)$(deno) lint
	$(call say,WORDS,scripts/plain-words)
	$(Q)scripts/plain-words

hooks: ## have git run check-text before each commit
	$(Q)scripts/hooks

check: check-text build fixtures ## check format, lint, words, types, and what is documented
	$(call say,CHECK,deno check)
	$(Q)$(deno) check --quiet $(ts_dirs) $(skels) $(test_skels)
	$(call say,DOC,lib/mod.ts lib/tool/mod.ts)
	$(Q)$(deno) doc --quiet --lint lib/mod.ts lib/tool/mod.ts
	$(call say,API,docs/api)
	$(Q)$(deno) run -A --quiet scripts/api.ts --check
	$(call say,TABLE,README.md)
	$(Q)$(deno) run -A --quiet scripts/readme.ts --check

api: build ## write what others build on into docs/api, and the table of tools into README.md
	$(Q)$(deno) run -A --quiet scripts/api.ts
	$(Q)$(deno) run -A --quiet scripts/readme.ts

fmt: ## format both halves, and list the tools among the exports of deno.json
	$(Q)$(deno) run -A --quiet scripts/registry.ts --exports
	$(Q)$(deno) fmt --quiet
	$(Q)$(if $(c_files),$(clang_format) -i $(c_files))

clean: ## remove everything that make has made or downloaded
	$(Q)rm -rf build node_modules

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.* ## /\1\t/p' Makefile scripts/compile.mk | expand -t 8

# A copy of this tree, its kernel halves compiled by another clang.
build/clang-%/.built: $(objects) $(skels) $(test_objects) $(shell find $(ts_dirs) -name '*.ts')
	$(call say,COPY,$(@D))
	$(Q)scripts/copy-tree $(@D)
	$(Q)CLANG=clang-$* LLVM_STRIP=$(llvm_strip) DENO=$(abspath $(deno)) $(MAKE) --no-print-directory -j$(shell nproc) -C $(@D) build fixtures
	$(Q)touch $@

# What only the tests need.
fixtures: $(test_objects) $(test_skels) $(workloads) build/bench/bench.bpf.o $(bench_c) $(bundles)

# -MMD notes the headers. BTF comes from -g; the DWARF that comes with it is not shipped, and this folder's
# name is kept out of both. Debian keeps <asm/errno.h>, which usdt.bpf.h wants, in a folder for each
# architecture.
#
# Two steps, and the second reads no source: LLVM writes forward declarations into BTF in the order of their
# addresses in memory, which in one step depend on the length of this folder's name.
define compile_bpf
$(call say,CLANG,$<)
$(Q)$(clang) -g -O2 -target bpf -D__TARGET_ARCH_$(ARCH) -Wall -Werror -I build -I bpf/include \
	-idirafter /usr/include/$(shell uname -m)-linux-gnu -ffile-compilation-dir=. \
	-MMD -MP -MT $@ -MF $(@:.o=.d) -emit-llvm -c $< -o $(@:.o=.bc)
$(Q)$(clang) -O2 -target bpf -Xclang -disable-llvm-passes -ffile-compilation-dir=. -c $(@:.o=.bc) -o $@
$(Q)$(llvm_strip) -g $@
endef

$(objects): build/%.bpf.o: bpf/%.bpf.c build/vmlinux.h Makefile | build/examples/ build/variants/
	$(compile_bpf)

$(test_objects): build/tests/%.bpf.o: tests/fixtures/%.bpf.c build/vmlinux.h Makefile | build/tests/
	$(compile_bpf)

$(skels): build/skel/%.ts: build/%.bpf.o $(generator) | $(packages) build/skel/examples/ build/skel/variants/
	$(call say,SKEL,$@)
	$(Q)$(deno) run -A --quiet lib/skeleton/generate.ts $< $@

# lib/ in few files, which tools start sooner with.
$(library): scripts/library.ts scripts/files.ts scripts/demangler.ts scripts/minify.ts deno.json $(lib_files) $(tool_files) $(packages)
	$(call say,LIB,$(@D))
	$(Q)rm -rf $(@D)
	$(Q)$(deno) run -A --quiet scripts/library.ts $(@D)
	$(Q)touch $@

# What a browser runs that shows a flame graph.
build/flame_page.ts: scripts/flame_page.ts $(wildcard lib/tool/flames/*.ts lib/tool/flames/page/*) $(packages)
	$(call say,PAGE,$@)
	$(Q)$(deno) run -A --quiet scripts/flame_page.ts $@

build/registry.ts: tools $(tools:%=tools/%.ts) scripts/registry.ts build/flame_page.ts | $(skels) $(library) $(packages)
	$(call say,REGISTRY,$@)
	$(Q)$(deno) run -A --quiet scripts/registry.ts $@

$(test_skels): build/tests/skel/%.ts: build/tests/%.bpf.o $(generator) | $(packages) build/tests/skel/
	$(call say,SKEL,$@)
	$(Q)$(deno) run -A --quiet lib/skeleton/generate.ts $< $@

$(workloads): build/tests/%: tests/workloads/%.c $(wildcard tests/workloads/*.h) Makefile | build/tests/
	$(call say,CC,$<)
	$(Q)$(CC) -O2 -Wall -Werror -pthread $< -o $@

build/bench/bench.bpf.o: bench/bench.bpf.c build/vmlinux.h Makefile | build/bench/
	$(compile_bpf)

$(bench_c): build/bench/%: bench/%.c $(wildcard bench/*.h) Makefile | build/bench/
	$(call say,CC,$<)
	$(Q)$(CC) -O2 -Wall -Werror -pthread $< -o $@ -lbpf -lutil

build/vmlinux.h: build/target $(filter build/btf/%,$(VMLINUX_BTF))
	$(call say,BTF,$(VMLINUX_BTF))
	$(Q)test -f $(VMLINUX_BTF) || { echo "$(VMLINUX_BTF): no BTF here. Use a kernel with" \
		"CONFIG_DEBUG_INFO_BTF=y, or VMLINUX_BTF= a BTF file or vmlinux" >&2; exit 1; }
	$(Q)$(bpftool) btf dump file $(VMLINUX_BTF) format c >$@

# The packages lie in the checkout (nodeModulesDir "manual"), not in one user's cache: the tools start
# offline for every user, root under sudo included.
$(packages): deno.json deno.lock
	$(call say,NPM,deno.lock)
	$(Q)DENO_TLS_CA_STORE=$${DENO_TLS_CA_STORE:-mozilla,system} $(deno) install --quiet --frozen
	$(Q)touch $@

%/:
	@mkdir -p $@

-include $(objects:.o=.d) $(test_objects:.o=.d)
