# What is made for others. One binary: `make compile`, `make dist` with all that goes beside it, and `make deb` as a
# package of Debian, which docs/binary.md explains; the package of JSR and npm: `make package`.

# TOOL=... chooses one tool; the Makefile's own default is that of `make run`.
compiled    := $(if $(filter file,$(origin TOOL)),denobpf,$(TOOL))
libbpf_pinned := 1.5.0
libbpf_folder := build/libbpf/$(libbpf_pinned)$(if $(foreign),-$(ARCH))
dist_folder := build/dist$(if $(foreign),-$(ARCH))
# The oldest Deno and its denort, which tests run and compile with: to be had for x86-64 only.
compile_pair := $(if $(filter x86,$(native)),build/deno-2.4.2/denort)

# One file of JavaScript of each tool, and of the bench's empty one, with its objects beside it, by Deno's own
# bundler, which runs esbuild.
bundles     := $(tools:%=build/bundle/%.js)
bundled     := $(patsubst %,build/%.bpf.o,$(tools) $(variants))

.PHONY: bundle compile dist deb package

bundle: $(bundles) ## make one file of JavaScript of each tool, which starts sooner than a checkout does

define bundle_ts
$(call say,BUNDLE,$@)
$(Q)$(deno) run -A --quiet scripts/bundle.ts $< $@ $(bundled)
endef

$(bundles): build/bundle/%.js: tools/%.ts scripts/bundle.ts scripts/minify.ts $(skels) build/flame_page.ts $(library) | build/bundle/ build/esbuild
	$(bundle_ts)

build/bundle/empty_tool.js: bench/ours/empty_tool.ts scripts/bundle.ts scripts/minify.ts build/flame_page.ts $(library) | build/bundle/ build/esbuild
	$(bundle_ts)

build/esbuild: scripts/esbuild $(packages)
	$(call say,ESBUILD,$@)
	$(Q)scripts/esbuild $(deno)
	$(Q)touch $@

compile: build $(libbpf_folder)/libbpf.so ## make one binary of all tools; TOOL=execsnoop makes one of that
	$(Q)test $(compiled) = denobpf || test -f tools/$(compiled).ts || \
		{ echo "make compile: TOOL=$(compiled) is none of: $(tools)" >&2; exit 64; }
	$(call say,COMPILE,$(dist_folder)/$(compiled))
	$(Q)scripts/about
	$(Q)mkdir -p $(dist_folder)
	$(Q)$(deno) run -A --quiet scripts/compile/compile.ts $(compiled) $(ARCH) $(dist_folder) $(libbpf_folder)

dist: compiled := denobpf
dist: compile ## the same with links, manual pages, completions, a bill of materials and checksums
	$(call say,DIST,$(dist_folder))
	$(Q)$(deno) run -A --quiet scripts/compile/dist.ts $(dist_folder) $(libbpf_pinned)

deb: dist ## make a Debian package of that: build/dist/denobpf_VERSION_amd64.deb
	$(call say,DEB,$(dist_folder))
	$(Q)scripts/compile/deb $(dist_folder) $(ARCH)

package: build ## make the package that JSR and npm take: build/package, and as a tarball build/package.tgz
	$(call say,PACKAGE,build/package)
	$(Q)scripts/about
	$(Q)rm -rf build/package build/package.tgz
	$(Q)$(deno) run -A --quiet scripts/package.ts build/package
	$(Q)cd build/package && $(abspath $(deno)) pack --quiet --allow-dirty --output=../package.tgz >/dev/null

$(compile_pair): scripts/oldest-deno
	$(call say,NPM,$(@D))
	$(Q)scripts/oldest-deno
	$(Q)touch $@

# A libbpf of any version that scripts/sources has; the tests use some.
build/libbpf/%/libbpf.so: scripts/libbpf scripts/sources
	$(call say,LIBBPF,$*)
	$(Q)scripts/libbpf $*

# The types of another architecture, which no file of this machine has.
build/btf/%: scripts/compile/kernel_btf.ts tests/vm/getkernel
	$(call say,BTF,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(deno) run -A --quiet $< $* $@
