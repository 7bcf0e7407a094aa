# Users start with `make demo`, developers with `make quick`. Both install what they need.
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help build install deb tarball release repository demo quick check check-all lint format clean setup boot-test bench
.PHONY: sanitize chaos fuzz

IMPORTS := --explicit-target-dependency-import-check error
# Without --disable-local-rpath the program would look for libraries in its own directory.
RELEASE := -c release --static-swift-stdlib --disable-local-rpath $(IMPORTS)
# Where `make install` installs; DESTDIR is prepended to every path.
PREFIX := /usr
DESTDIR :=
# The architecture that `make build`, `make deb` and `make tarball` build for, by Debian's name: this machine's, or arm64.
ARCH :=
FOREIGN := $(if $(ARCH),$(filter-out $(shell dpkg --print-architecture),$(ARCH)))
# Building the packages runs the program, which prints its manual pages, completions and schema.
CROSS_TOOLS := $(if $(FOREIGN),binutils-aarch64-linux-gnu qemu-user-static)
OUT := .build$(if $(FOREIGN),/$(FOREIGN))
PROGRAM := $(OUT)/release/nest-bootstrap
# The commit that `--version` prints. Sources from an archive have none, even below the directory of another repository.
NEST_COMMIT ?= $(shell [ ! -e .git ] || git describe --always --dirty --abbrev=12 --exclude '*' 2>/dev/null)
# The tests that boot machines, and the slow ones among them, which run only with ALL=yes.
WITH_MACHINE := ^BootTests
SLOW := ^BootTests.(BootedTests/AnsibleTests|IndependentBootedTests/RepositoryTests)
# Tests of 10,000 tasks and of millions of keys.
AT_SCALE := ^[A-Za-z]+Tests.ScaleTests
# The tests under ThreadSanitizer: modules with threads, and their users; `make sanitize` adds KubernetesTests.
SANITIZED ?= ^(Base|HTTP|Host|Planning|Reporting|Actions)Tests
THREAD_SCRATCH := .build/sanitize
# ThreadSanitizer makes tests several times slower, so fewer run at once.
WITH_THREADS := env SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH=4 tools/run-tests modules --sanitize=thread \
    --scratch-path $(THREAD_SCRATCH)
# The optimized program and the fuzzed parsers with AddressSanitizer, and the tests that run the program.
ADDRESS_SCRATCH := .build/address
WITH_ADDRESS := NEST_FUZZ=1 swift build -c release --sanitize=address $(IMPORTS) --scratch-path $(ADDRESS_SCRATCH)
ADDRESS_PROGRAM := $(ADDRESS_SCRATCH)/release/nest-bootstrap
ADDRESS_TESTS := ^EndToEndTests.FreshServerTests/(CrashTests|ServerFailureTests)
# How much `make chaos` does: schedules of faults, kills and signals, and rounds of the randomized tests.
SCHEDULES ?= 300
KILLS ?= 500
SIGNALS ?= 200
ROUNDS ?= 10
# How many renewals of certificates `make chaos` kills, and how many rotations of their CA at each step.
RENEWALS ?= 50

# How long `make fuzz` fuzzes each parser, in seconds.
FUZZ_SECONDS ?= 600

# The packages that `make repository` adds, its directory, the fingerprints of the signing keys and the days for which a
# signature is valid; and the address of a release. See docs/releasing.md.
PACKAGES = $(wildcard .build/deb/*.deb .build/arm64/deb/*.deb)
ARM64_TOOLS = $(if $(findstring arm64,$(PACKAGES) $(wildcard .build/arm64/deb)),binutils-aarch64-linux-gnu)
REPOSITORY ?= .build/repository
URL ?=
KEY ?=
VALID_DAYS ?= 60

# Samples of each program in `make bench`; fewer than 10 are for a quick look.
SAMPLES ?= 10
# Another build of the program, which `make bench` measures in the same rounds.
BASE ?=

help: ## print the targets
	@sed -n 's/^\([a-z0-9-]*\):[^#]*## /\1	/p' Makefile | expand -t 12

build: ## build the program: .build/release/nest-bootstrap; ARCH=arm64: .build/arm64/release/nest-bootstrap
	@Tests/cluster/setup compile
	NEST_COMMIT="$(NEST_COMMIT)" $(if $(FOREIGN),tools/cross-build $(FOREIGN),swift build) $(RELEASE) --product nest-bootstrap

install: build ## install the program, its units and manual pages below DESTDIR and PREFIX (default: /usr)
	tools/install $(PROGRAM) "$(DESTDIR)" "$(PREFIX)"

deb: build ## build the Debian packages in .build/deb; ARCH=arm64: in .build/arm64/deb
	Tests/cluster/install-packages "to build the package" dpkg-dev binutils $(CROSS_TOOLS) lintian
	tools/deb $(PROGRAM) $(OUT)/deb
	tools/check-deb $(PROGRAM) $(OUT)/deb
	lintian --allow-root --fail-on error $(OUT)/deb/*.deb

tarball: build ## build the archive for other systems, with its install.sh, in .build/tarball
	Tests/cluster/install-packages "to build the archive" dpkg-dev binutils $(CROSS_TOOLS)
	tools/tarball $(PROGRAM) $(OUT)/tarball
	tools/check-tarball $(PROGRAM) $(OUT)/tarball/*.tar.gz

# The conditions of a release are checked before anything is built.
release: ## build and sign all that a release has, in .build/releases/VERSION: URL=ADDRESS KEY=FINGERPRINT; docs/releasing.md
	Tests/cluster/install-packages "to release" binutils $(ARM64_TOOLS) debian-archive-keyring dpkg-dev git gnupg jq python3 xz-utils
	tools/release --check --url "$(URL)" --key "$(KEY)" .build/releases
	$(MAKE) deb tarball
	tools/site
	tools/release --url "$(URL)" --key "$(KEY)" .build/releases

# Nothing is built; without new packages, only the signature is renewed.
repository: ## write a signed repository for apt with the packages that are built: KEY=FINGERPRINT; docs/releasing.md
	Tests/cluster/install-packages "to make repositories" binutils $(ARM64_TOOLS) debian-archive-keyring dpkg-dev gnupg reprepro xz-utils
	tools/repository --key "$(KEY)" --days "$(VALID_DAYS)" "$(REPOSITORY)" $(PACKAGES)

demo: setup build ## bootstrap a real API server on loopback, twice, and show the result
	tools/demo

quick: setup ## check what has changed since the last commit, or since COMMIT, in two minutes
	tools/quick $(COMMIT)

check: ## run everything that must pass before a commit
	tools/check check

check-all: ## run make check with every server, release and package, then sanitizers and fuzzing; takes two hours
	tools/check check-all

lint: ## check format, style, shell scripts and the links of documents
	Tests/cluster/install-packages "to check the shell scripts" shellcheck
	swift format lint --strict --parallel --recursive Package.swift Sources Tests
	tools/lint-scripts
	tools/check-style
	tools/check-links

format: ## format the Swift sources in place
	swift format --in-place --parallel --recursive Package.swift Sources Tests

clean: ## remove .build; the Kubernetes programs in ~/.cache/nest-bootstrap stay
	rm -rf .build

setup: ## install what the tests need
	@Tests/cluster/setup

# BUILT=--skip-build uses a program and tests that are built. The package is built once, and installed on the Debian of
# this machine; with ALL=yes, the packages are built twice and compared.
boot-test: $(if $(BUILT),,setup $(if $(ALL),deb tarball,build)) ## boot Debian containers and test units, journal and package in them; ALL=yes: every package and release; needs root
	$(if $(ALL),Tests/cluster/install-packages "to test the repository" gnupg reprepro)
	$(if $(ALL),Tests/cluster/fetch-ansible,tools/deb $(PROGRAM))
	Tests/boot/setup $(if $(ALL),trixie managed) cluster
	$(if $(ALL),NEST_ARCHIVE="$$(echo "$$PWD"/.build/tarball/*.tar.gz)" NEST_RELEASES=trixie) \
	    NEST_PACKAGE="$$(echo "$$PWD"/.build/deb/nest-bootstrap_*.deb)" \
	    NEST_EXAMPLES="$$(echo "$$PWD"/.build/deb/nest-bootstrap-examples_*.deb)" SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH=12 \
	    tools/run-on-servers newest tools/run-tests system $(BUILT) --filter '$(WITH_MACHINE)' $(if $(ALL),,--skip '$(SLOW)')

bench: setup build ## measure a run against kubectl and curl; BASE=another build of the program, SAMPLES=10; takes twenty minutes
	Tests/cluster/install-packages "to measure" curl python3
	tools/bench --program $(PROGRAM) --samples $(SAMPLES) $(if $(BASE),--base "$(BASE)")

sanitize: setup $(ADDRESS_PROGRAM) ## run tests with ThreadSanitizer, and the program with AddressSanitizer
	NEST_MODULES=1 $(WITH_THREADS) --filter '$(SANITIZED)' --skip '$(AT_SCALE)'
	NEST_MODULES=1 tools/run-on-servers newest $(WITH_THREADS) --skip-build --filter '^KubernetesTests'
	NEST_PROGRAM=$(ADDRESS_PROGRAM) tools/run-on-servers newest tools/run-tests system --filter '$(ADDRESS_TESTS)'

# The program and the fuzzed parsers with AddressSanitizer: one build of the modules is enough for both.
$(ADDRESS_PROGRAM): FORCE
	@Tests/cluster/setup compile
	$(WITH_ADDRESS) --product nest-bootstrap
	$(WITH_ADDRESS) --product fuzz
FORCE:

chaos: setup build $(ADDRESS_PROGRAM) ## disturb runs: SCHEDULES=300 KILLS=500 SIGNALS=200 RENEWALS=50; ROUNDS=10 with AddressSanitizer
	Tests/cluster/install-packages "to disturb runs" python3 strace
	NEST_ROUNDS=$(ROUNDS) NEST_PROGRAM=$(ADDRESS_PROGRAM) tools/run-on-servers every tools/run-tests system --filter CrashTests
	NEST_ROUNDS=$(RENEWALS) tools/run-tests system --filter 'Certificate(Safety|Rotation)Tests'
	Tests/chaos/chaos --program $(PROGRAM) --schedules $(SCHEDULES) --kills $(KILLS) --signals $(SIGNALS) --limit all

fuzz: $(ADDRESS_PROGRAM) ## fuzz every parser for FUZZ_SECONDS, with AddressSanitizer
	Tests/cluster/install-packages "to make certificates" openssl
	tools/fuzz $(ADDRESS_SCRATCH)/release/fuzz $(FUZZ_SECONDS)
