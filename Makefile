# `make` builds nlgen, generates every family and shows the links, addresses and routes of this machine. `make help` lists the rest.

GO          ?= go
STATICCHECK  = $(GO) run honnef.co/go/tools/cmd/staticcheck@v0.8.2
FUZZTIME    ?= 10s
FUZZDIRS    ?= .
BENCH       ?=

# There is no cgo here, and static programs are what the virtual machine runs: so all targets share what the go command has built.
export CGO_ENABLED = 0

# The nested modules hold what needs other netlink libraries, so that no go.sum of a downstream sees those.
NESTED := $(patsubst %/go.mod,%,$(wildcard */go.mod))

.DEFAULT_GOAL := all
.PHONY: all build generate families show help test test-nested race check fmt fuzz bench cover clean kernel-specs drift test-vm live-coverage modules $(MODULES)

all: build generate show ## build, generate every family, show this machine's links, addresses and routes

build: ## build the nlgen command into bin/
	@mkdir -p bin
	$(GO) build -o bin/nlgen ./cmd/nlgen

generate: build ## write the Go packages of every family in nlgen.yaml
	bin/nlgen generate

families: ## write the table of families in README.md
	$(GO) run ./internal/families

show: ## show the links, addresses and routes of this machine through generated code
	@$(GO) run ./examples/show

test: ## run every test
	$(GO) vet ./...
	$(GO) test ./...
	@$(MAKE) --no-print-directory test-nested

# A nested module is left out, with a message, where its libraries can not be had: the tests of the main module do not depend on it.
test-nested: ## run the tests of the nested modules
	@for m in $(NESTED); do \
		if ! (cd $$m && $(GO) list -deps -test ./... >/dev/null 2>&1); then echo "skipped $$m: its modules can not be downloaded here"; continue; fi; \
		echo "$(GO) vet, $(GO) test in $$m"; \
		(cd $$m && $(GO) vet ./... && $(GO) test ./...) || exit 1; \
	done

HANDWRITTEN = $(GO) list ./... | grep -v /generated/

# Generated code starts no goroutine; the live tests run it with all others. To vet for races would compile all of it twice.
race: export CGO_ENABLED = 1
race: ## run the tests with the race detector
	$(GO) test -race -short -vet=off $$($(HANDWRITTEN))

# What is built for other machines is not optimized: it takes a third of the time, and tells as much of what does not compile. To vet is
# to compile, so those that are vetted are not built again. Generated code does not depend on the operating system but by the runtime.
check: ## hold formatting, lints, go.mod, generated code and the builds for other machines; silent if all is well
	@out=$$(gofmt -l $$(git ls-files -co --exclude-standard '*.go' | grep -v /testdata/)); if [ -n "$$out" ]; then echo "gofmt would change:"; echo "$$out"; exit 1; fi
	@$(GO) vet ./...
	@$(STATICCHECK) ./...
	@$(GO) mod tidy -diff
	@$(GO) run ./cmd/nlgen generate --check
	@for arch in 386 s390x; do GOOS=linux GOARCH=$$arch $(GO) vet -gcflags='all=-N -l' ./... || exit 1; done
	@for target in linux/arm64 darwin/arm64 windows/amd64; do \
		GOOS=$${target%/*} GOARCH=$${target#*/} $(GO) build -gcflags='all=-N -l' $$($(HANDWRITTEN)) || exit 1; done
	@for m in $(NESTED); do (cd $$m && test -z "$$(gofmt -l .)" && $(GO) mod tidy -diff && $(STATICCHECK) ./...) || exit 1; done

fmt: ## format the Go code and tidy the module files
	gofmt -w $$(git ls-files -co --exclude-standard '*.go' | grep -v /testdata/)
	$(GO) mod tidy
	@for m in $(NESTED); do (cd $$m && $(GO) mod tidy) || exit 1; done

# Two at a time, each on one processor: FUZZDIRS is where targets are searched. The go command can fail with "context deadline
# exceeded" when time is up while it looks at an input; a finding writes a failing input.
fuzz: ## run every fuzz target for FUZZTIME (10s) below FUZZDIRS
	@for dir in $$(grep -rl --include='*_test.go' '^func Fuzz' $(FUZZDIRS) | grep -v /testdata/ | xargs -r -n1 dirname | sort -u); do \
		for target in $$(cat $$dir/*_test.go | sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*/\1/p' | sort -u); do \
			echo "$$dir $$target"; \
		done; \
	done | xargs -P 2 -L 1 sh -c 'out=$$(cd $$0 && $(GO) test -run "^$$" -fuzz "^$$1\$$" -fuzztime $(FUZZTIME) -parallel 1 . 2>&1); code=$$?; \
		echo "$$0 $$1: $$(printf "%s" "$$out" | grep -o "execs: [0-9]*" | tail -n 1)"; case "$$code $$out" in "0 "*) ;; *"Failing input"*) echo "$$out"; exit 255 ;; *"context deadline exceeded"*) ;; *) echo "$$out"; exit 255 ;; esac'

bench: ## measure beside other libraries and a C limit, as root (BENCH='-rounds 3 route-dump')
	@cd bench && $(GO) run . $(BENCH)

cover: ## measure the coverage of the handwritten packages and write cover.html
	$(GO) test -coverprofile cover.out -coverpkg ./cmd/...,./gen/...,./runtime/... ./...
	$(GO) tool cover -html cover.out -o cover.html
	@$(GO) tool cover -func cover.out | tail -n 1

clean: ## remove what was built
	rm -rf bin cover.out cover.html

# SPECS is any folder of specs, searched with the folders in it; SPECFLAGS are flags of internal/kernelspecs, such as -v or -errata, and
# DRIFTFLAGS those of internal/drift/cmd, such as -older. HEADERS is a folder with linux/netlink.h and other headers of a kernel.
SPECS ?= ../shared/kernel-specs
kernel-specs: ## generate, build, vet and test the packages of all specs in a folder, and print a table (SPECS=, SPECFLAGS=)
	@$(GO) run ./internal/kernelspecs $(SPECFLAGS) $(SPECS)

drift: ## compare our specs with those of a folder, C headers and the running kernel, and say who is right (SPECS=, HEADERS=)
	@$(GO) run ./internal/drift/cmd $(if $(HEADERS),-headers $(HEADERS)) $(DRIFTFLAGS) $(SPECS)

help: ## list the targets
	@sed -n 's/^\([a-z0-9_-]*\):[^#]*## /\1\t/p' $(MAKEFILE_LIST) | awk -F '\t' '{ printf "  %-13s %s\n", $$1, $$2 }'

# KERNEL is a folder with boot/ and lib/modules/, a .deb file or a package; VMTEST is more arguments, such as '-run Dump ./runtime/nlconn'.
test-vm: ## run the tests that talk to the kernel on another one, in a virtual machine (KERNEL=, VMTEST=)
	@mkdir -p bin
	@$(GO) build -o bin/vmtest ./internal/vm/vmtest
	@bin/vmtest -v -kernel '$(KERNEL)' $(VMTEST)

# The modules that tests want and Debian's kernel has not: built of its sources (netdevsim, ip6encaps, kinds, bridge) or our own. What builds
# them is fetched once: headers (20 MB) and sources (150 MB).
MODULES = netdevsim ip6encaps kinds bridge nlgen_slots nlgen_nic nlgen_offload nlgen_ib nlgen_can
modules: $(MODULES) ## build all modules that tests use beyond those of the virtual machine's kernel (KERNEL=)

nlgen_slots:   SOURCE = cmd/nlgen/testdata/module/nlgen_slots.c
nlgen_nic:     SOURCE = internal/live/ethtool/testdata/nlgen_nic
nlgen_offload: SOURCE = internal/live/testdata/module/nlgen_offload.c
nlgen_ib:      SOURCE = internal/live/link/testdata/module/nlgen_ib.c
nlgen_can:     SOURCE = internal/live/link/testdata/module/nlgen_can.c
$(MODULES):
	@mkdir -p bin
	@$(GO) build -o bin/vmtest ./internal/vm/vmtest
	@version=$$(bin/vmtest -fetch -kernel '$(KERNEL)' | cut -d ' ' -f 1); \
		if [ -n '$(SOURCE)' ]; then internal/vm/module.sh $$version $(SOURCE) bin/$@.ko; else internal/vm/$@.sh $$version bin; fi

# What no test ever showed on a kernel is listed, by family (FAMILIES=, LIVE=).
LIVE     ?= ./internal/live/...
COVERAGE  = $(CURDIR)/bin/coverage
live-coverage: ## run the live tests here and in the virtual machine, and list what they have not shown of each family (FAMILIES=, LIVE=)
	@mkdir -p bin && rm -f $(COVERAGE)
	@NLGEN_COVERAGE=$(COVERAGE) $(GO) test -count=1 $(LIVE)
	@$(GO) build -o bin/vmtest ./internal/vm/vmtest
	@NLGEN_COVERAGE=$(COVERAGE) bin/vmtest -kernel '$(KERNEL)' $(LIVE)
	@$(GO) run ./internal/coverage/cmd $(COVERAGE) $(FAMILIES)
