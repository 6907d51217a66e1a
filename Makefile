# denobpf. `make help` lists the targets; V=1 shows every command.

TOOL ?= execsnoop

# The names of the architectures in libbpf's headers.
ARCH_x86_64  := x86
ARCH_aarch64 := arm64
ARCH ?= $(ARCH_$(shell uname -m))
VMLINUX_BTF ?= /sys/kernel/btf/vmlinux
export ARCH VMLINUX_BTF
$(if $(filter x86 arm64,$(ARCH)),,$(error ARCH must be x86 or arm64, not "$(ARCH)"))

.DEFAULT_GOAL := build
.DELETE_ON_ERROR:

tools     := $(patsubst bpf/%.bpf.c,%,$(wildcard bpf/*.bpf.c))
fixtures  := $(patsubst tests/fixtures/%.bpf.c,%,$(wildcard tests/fixtures/*.bpf.c))
workloads := $(patsubst tests/workloads/%.c,build/tests/%,$(wildcard tests/workloads/*.c))
objects   := $(tools:%=build/%.bpf.o)
skels     := $(tools:%=build/skel/%.ts)
test_objects := $(fixtures:%=build/tests/%.bpf.o)
test_skels   := $(fixtures:%=build/tests/skel/%.ts)
generator := $(wildcard lib/skeleton/*.ts lib/btf/*.ts)
packages  := node_modules/.installed
c_files   := $(wildcard $(addsuffix /*.[ch],bpf bpf/include tests/fixtures tests/workloads))
ts_dirs   := $(wildcard lib tools tests bench)

# scripts/deps finds or installs the programs, once in every run, and leaves their names in this file.
# `make -n`, and so the completion of a shell, installs nothing.
goals := $(or $(MAKECMDGOALS),$(.DEFAULT_GOAL))
ifneq ($(filter-out clean help,$(goals)),)
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

.PHONY: deps build fixtures run test test-vm check fmt clean help FORCE

deps: $(packages) ## install what is missing: Debian packages, Deno, npm packages
	@:

build: $(objects) $(skels) $(packages) ## compile the kernel halves, generate their skeletons (default)
	@:

run: build ## run a tool until Ctrl-C: make run TOOL=bootstrap ARGS="-d 100"
	$(Q)test -f tools/$(TOOL).ts || { echo "make run: TOOL=$(TOOL) is none of: $(tools)" >&2; exit 64; }
	$(Q)$(sudo) $(deno) run --allow-ffi --allow-read tools/$(TOOL).ts $(ARGS)

test: check ## check, then run all tests; TEST=text only the files with that text in their path
	$(Q)$(deno) run -A tests/run.ts $(TEST)

test-vm: build fixtures ## run the kernel tests on other kernels; KERNEL=6.12 on one, TEST=text some files
	$(Q)KERNEL="$(KERNEL)" $(deno) run -A tests/vm/run.ts $(TEST)

check: build fixtures ## check format, lint and types
	$(call say,FMT,deno fmt)
	$(Q)$(deno) fmt --check
	$(call say,FMT,clang-format)
	$(Q)$(if $(c_files),$(clang_format) --dry-run -Werror $(c_files))
	$(call say,LINT,deno lint)
	$(Q)$(deno) lint
	$(call say,CHECK,deno check)
	$(Q)$(deno) check --quiet $(ts_dirs) $(skels) $(test_skels)

fmt: ## format both halves
	$(Q)$(deno) fmt --quiet
	$(Q)$(if $(c_files),$(clang_format) -i $(c_files))

clean: ## remove everything that make has made or downloaded
	$(Q)rm -rf build node_modules

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.* ## /\1\t/p' Makefile | expand -t 8

# What only the tests need.
fixtures: $(test_objects) $(test_skels) $(workloads)

# -MMD notes the headers. BTF comes from -g; the DWARF that comes with it is not shipped.
define compile_bpf
$(call say,CLANG,$<)
$(Q)$(clang) -g -O2 -target bpf -D__TARGET_ARCH_$(ARCH) -Wall -Werror -I build -I bpf/include \
	-MMD -MP -MT $@ -MF $(@:.o=.d) -c $< -o $@
$(Q)$(llvm_strip) -g $@
endef

$(objects): build/%.bpf.o: bpf/%.bpf.c build/vmlinux.h Makefile
	$(compile_bpf)

$(test_objects): build/tests/%.bpf.o: tests/fixtures/%.bpf.c build/vmlinux.h Makefile | build/tests/
	$(compile_bpf)

$(skels): build/skel/%.ts: build/%.bpf.o $(generator) | $(packages) build/skel/
	$(call say,SKEL,$@)
	$(Q)$(deno) run -A --quiet lib/skeleton/generate.ts $< $@

$(test_skels): build/tests/skel/%.ts: build/tests/%.bpf.o $(generator) | $(packages) build/tests/skel/
	$(call say,SKEL,$@)
	$(Q)$(deno) run -A --quiet lib/skeleton/generate.ts --import ../../../lib/skeleton/mod.ts $< $@

$(workloads): build/tests/%: tests/workloads/%.c Makefile | build/tests/
	$(call say,CC,$<)
	$(Q)$(CC) -O2 -Wall -Werror -pthread $< -o $@

build/vmlinux.h: build/target
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
